"""`ask` finds a question, shows its answer and code, and draws both ways."""

import pytest

from course.questions.__main__ import main
from course.questions.found import find


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Ask, and return what is printed."""
    main(words)
    return capsys.readouterr().out


def test_it_shows_question_answer_code_and_both_pictures(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All of it stands below one another, the wrong way first."""
    out = told(capsys, "added", "after", "yield")
    for text in (
        "Why is a background task that a dependency adds after `yield`",
        "Instead: Add the task before the `yield`",
        "https://github.com/fastapi/fastapi/issues/14137",
        "def audit_after(background_tasks: BackgroundTasks)",
        "POST /wrong  200",
        "POST /right  200",
        "Others that may fit",
    ):
        assert text in out
    wrong, _, right = out.partition("POST /right")
    assert "audit_after left" in wrong
    assert "work ended" in right


def test_a_number_names_a_question(capsys: pytest.CaptureFixture[str]) -> None:
    """One whose ways are functions shows what they gave."""
    out = told(capsys, "19")
    assert "raised AttributeError: 'Depends' object has no attribute" in out
    assert "returned 42" in out


def test_a_websocket_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    """Its picture says that the task never ran."""
    out = told(capsys, "14")
    assert "work never ran" in out
    assert "work ended" in out


def test_what_needs_more_than_a_request_says_how_to_see_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The commands are there, and nothing runs."""
    out = told(capsys, "18")
    assert "To see it: uvicorn questions.q18_" in out
    assert "POST" not in out


def test_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Each stands there with its number."""
    out = told(capsys, "--list")
    for question in find():
        assert f"{question.number} " in out
        assert question.title.split()[-1] in out


def test_words_that_nobody_uses_are_answered_with_a_way_out() -> None:
    """The message says what to do."""
    with pytest.raises(SystemExit, match="ask --list"):
        main(["zeppelin"])


def test_where_nothing_fits_it_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The nearest are named, and nothing runs."""
    out = told(capsys, "how", "to", "upload", "to", "s3")
    assert "No question fits these words. The nearest are:" in out
    assert "23 " in out
    assert "start.py ask 23" in out
    assert "timeline FILE.py:app POST /path" in out


def test_without_words_the_help_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """They say how to ask."""
    assert "ask session closed" in told(capsys)
