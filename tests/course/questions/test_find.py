"""The questions are found by the words in which people ask them."""

import re
from pathlib import Path

import pytest

from course.folders import ROOT
from course.questions.found import Question, find, search, words

QUESTIONS = find()
SECTIONS = ["Answer", "Instead", "Since", "Asked", "Deeper"]
IDS = [question.path.stem for question in QUESTIONS]
# Titles of threads in the trackers of FastAPI, Starlette and others.
TITLES = {
    "Background tasks don't work with middleware that subclasses"
    " `BaseHTTPMiddleware`": 1,
    "Potential footgun when using custom `Response(background=<Task()>)` in"
    " conjunction with injected `BackgroundTasks` - the custom response"
    " overwrites the tasks": 2,
    "background tasks don't run when raise a HTTPException": 3,
    "session closed": 4,
    "Yield dependency doesn't allow to add a background task in its closing"
    " code": 7,
    "Raising exceptions with registered exception handlers from"
    " BackgroundTasks causes starlette exception": 8,
    "How to parallel run multiple background task?": 9,
    "BackgroundTasks are not executed concurrently": 9,
    "Async background task block main event loop": 10,
    "How to limit the max number of threads with sync endpoints?": 11,
    "Using dependency injection to get SQLAlchemy session can lead to"
    " deadlock": 12,
    "QueuePool limit of size 5 overflow 10 reached": 12,
    "APIRouter is blocked when a high CPU and long time request is being"
    " requested": 13,
    "Background Task with websocket": 14,
    "How can I cancel the request handler gracefully when a client"
    " disconnects?": 15,
    "API Background tasks created with asyncio.create_task could be garbage"
    " collected": 16,
    "Unexpected Shutdown on gunicorn or uvicorn server": 17,
    "Problem where scheduled tasks will be executed repeatedly when starting"
    " with multiple workders": 18,
    "[QUESTION] - Using Depends() in other functions, outside the endpoint"
    " path operation!": 19,
    "RuntimeError: Event loop is closed in multiprocessing enviroments"
    " (celery).": 20,
    "[FEATURE] Ability to change contextvars in sync dependencies": 21,
    "Using CeleryInstrumentor and linking Celery task trace back to requested"
    " trace": 22,
    "Passing UploadFile objects into a StreamingResponse closes it in v0.106.0"
    " but not v0.105.0": 23,
}


@pytest.mark.parametrize("title", TITLES)
def test_the_title_of_a_public_thread_finds_its_question(title: str) -> None:
    """The question that answers it is the first."""
    assert search(title, QUESTIONS)[0].number == TITLES[title]


def test_other_words_find_nothing() -> None:
    """Words that stand in no question are not answered with another one."""
    assert search("zeppelin", QUESTIONS) == []
    assert search("how do I", QUESTIONS) == []


def test_an_ending_makes_no_difference() -> None:
    """Whoever closes a session finds a closed one."""
    assert words("closing sessions") == words("closed session")


@pytest.mark.parametrize("question", QUESTIONS, ids=IDS)
def test_each_question_has_its_parts(question: Question) -> None:
    """A title that asks, an answer, what to do, versions, and addresses."""
    assert question.title.endswith("?")
    assert len(question.title) <= 79
    assert [name for name in SECTIONS if name not in question.sections] == []
    assert "https://" in question.sections["Asked"]
    notebook = re.search(r"notebooks/\w+", question.sections["Deeper"])
    assert notebook
    assert Path(ROOT, f"{notebook[0]}.ipynb").exists()


def test_each_question_has_a_test() -> None:
    """Nothing is claimed without a run."""
    tests = {path.stem for path in ROOT.glob("tests/questions/test_q*.py")}
    assert tests == {f"test_q{each.number:02}" for each in QUESTIONS}
