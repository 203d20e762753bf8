"""The questions are found by the words in which people ask them."""

import re
from pathlib import Path

import fastapi
import pytest

from course.folders import ROOT
from course.questions.found import Question, find, search, words

QUESTIONS = find()
SECTIONS = ["Answer", "Instead", "Since", "Asked", "Deeper"]
IDS = [question.path.stem for question in QUESTIONS]
PLACE = re.compile(r"\b(?:anyio|celery|fastapi|starlette|uvicorn)/[\w/]+\.py")
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
    "TestClient waits for background tasks": 24,
    "Missing query param `args` when using dependency_overrides": 29,
    "The memory usage piles up over the time and leads to OOM": 30,
    "async BackgroundTasks run in the foreground": 31,
    "app.add_task() triggers RuntimeWarning: coroutine was never awaited": 32,
    "Don't interrupt all background tasks when one fails": 34,
    "how about return BackgroundTask result": 35,
    "Get and stop Background Task": 37,
    "Instance is not bound to a Session; attribute refresh operation cannot"
    " proceed": 38,
    '[Bug]: Job processing tasks may raise "database is locked" errors': 41,
    "When using SQLite, errors are raised about using objects across threads"
    " (even though everything works)": 42,
    "Switch to async_lru for lru_cache()": 43,
    "Propagating dependency overrides to mounted sub-applications": 44,
    "Using `items` will break when run with uvicorn --workers 2. Global app"
    " state is not shared between worker instances.": 45,
    "Celery Tasks: Object of type Experiment is not JSON serializable": 46,
}
# What people type: an error, a few words, misspelled ones.
TYPED = {
    "RuntimeError: Caught handled exception, but response already started.": 8,
    "sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10"
    " reached, connection timed out, timeout 30.00": 12,
    "ValueError: I/O operation on closed file.": 23,
    "RuntimeError: Event loop is closed": 20,
    "got Future <Future pending> attached to a different loop": 20,
    "Task was destroyed but it is pending!": 16,
    "Task exception was never retrieved": 16,
    "Waiting for background tasks to complete. (CTRL+C to force quit)": 17,
    "AttributeError: 'Depends' object has no attribute 'query'": 19,
    "TypeError: '_GeneratorContextManager' object is not an iterator": 27,
    "TypeError: 'NoneType' object is not callable background task": 31,
    "sqlalchemy.orm.exc.DetachedInstanceError: Instance <User at 0x7f> is not"
    " bound to a Session": 38,
    "sqlite3.OperationalError: database is locked": 41,
    "kombu.exceptions.EncodeError: Object of type UserModel is not JSON"
    " serializable": 46,
    "cannot perform operation: another operation is in progress": 5,
    "backgroud tasks not runing in paralel": 9,
    "how to cancle a background task": 37,
    "progres bar in browser": 25,
    "run task in 10 minutes": 47,
    "send email later": 47,
    "how many threads does fastapi use": 11,
    "background task sometimes never runs": 3,
    "deploy kills tasks": 17,
    "task lost when pod restarts": 17,
    "my api freezes while the background task is running": 10,
    "request id missing in log of task": 21,
    "client got 200 but commit failed": 6,
}
UNRELATED = [
    *("how to upload to s3", "CORS error", "how to deploy on kubernetes"),
    *("404 not found static files", "pydantic validation error", "pagination"),
    *("rate limit requests", "how do I read a header", "session cookie"),
    *("websocket chat broadcast", "how to use redis cache", "zeppelin"),
    *("python list comprehension", "response time slow", "how do I", "task"),
]


@pytest.mark.parametrize("title", TITLES)
def test_the_title_of_a_public_thread_finds_its_question(title: str) -> None:
    """The question that answers it is the first."""
    found, _ = search(title, QUESTIONS)
    assert found[0].number == TITLES[title]


@pytest.mark.parametrize("typed", TYPED)
def test_what_people_type_finds_its_question(typed: str) -> None:
    """The question is the first, and taken for the answer."""
    found, fits = search(typed, QUESTIONS)
    assert found[0].number == TYPED[typed]
    assert fits


@pytest.mark.parametrize("typed", UNRELATED)
def test_nothing_fits_another_subject(typed: str) -> None:
    """Even if some words are those of a question."""
    _, fits = search(typed, QUESTIONS)
    assert not fits


def test_other_words_find_nothing() -> None:
    """Words that are in no question are not answered with another one."""
    assert search("zeppelin", QUESTIONS) == ([], False)
    assert search("how do I", QUESTIONS) == ([], False)


def test_an_ending_makes_no_difference() -> None:
    """A name in parts, a doubled letter make none either."""
    assert words("closing sessions") == words("closed session")
    assert words("stopping") == words("stop")
    assert {"async", "session"} < {*words("AsyncSession")}


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


def test_the_proof_names_what_the_framework_has() -> None:
    """A name in backticks is in one of the files that stand beside it."""
    site = Path(fastapi.__file__).parents[1]
    places = {
        question.number: (
            [site / path for path in PLACE.findall(proof)],
            re.findall(r"`[\w.]*?(\w+)`", proof),
        )
        for question in QUESTIONS
        if (proof := question.sections.get("Proof", ""))
    }
    lost = [
        (number, name)
        for number, (paths, names) in places.items()
        for name in names
        if not any(name in path.read_text("utf-8") for path in paths)
    ]
    assert len([paths for paths, _ in places.values() if paths]) > 20
    assert lost == []


def test_each_question_has_a_test() -> None:
    """Nothing is claimed without a run."""
    tests = {path.stem for path in ROOT.glob("tests/questions/test_q*.py")}
    assert tests == {f"test_q{each.number:02}" for each in QUESTIONS}
