"""A class can be shown a mistake, and what the checks say of it."""

import pytest

from tests.checks import show


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Run the command with these words."""
    monkeypatch.setattr("sys.argv", ["show", *words])
    return show.main()


def test_a_mistake_comes_with_what_a_learner_is_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its first line, then the report of the grader."""
    assert run(monkeypatch, "ex02/only_sync_tasks") == 1
    told = capfd.readouterr().out
    assert told.startswith("# A coroutine function is called and never")
    assert "✗ not yet: an async task is awaited" in told
    said = " ".join(told.split())
    assert "expected the task that the override gives is called once" in said
    assert "got it was never called" in said


def test_a_variation_is_shown_whole(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It would run as it is printed."""
    assert run(monkeypatch, "ex08/no_lock", "--code") == 0
    code = capfd.readouterr().out
    compile(code, "ex08_rate_limit.py", "exec")
    assert "class TokenBucket" in code
    assert "app = FastAPI" in code


def test_a_wrong_name_names_those_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the exercise that was asked for, if there is one."""
    with pytest.raises(SystemExit, match="No wrong answer ex01/x: ex01/add"):
        run(monkeypatch, "ex01/x")
