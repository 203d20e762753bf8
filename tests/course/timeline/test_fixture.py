"""The pytest fixture that comes with the recorder."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[3]

APP = """
from fastapi import BackgroundTasks, FastAPI
from fastapi.testclient import TestClient

app = FastAPI()

def task():
    pass

@app.get("/")
def ep(tasks: BackgroundTasks):
    tasks.add_task(task)
"""


@pytest.fixture
def result(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> pytest.RunResult:
    """Run a test that passes and one that fails, as a learner would."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyfile(
        APP
        + """
def test_right(timeline):
    recorder = timeline(app)
    TestClient(app).get("/")
    assert recorder.order.index("response sent") == 2

def test_wrong(timeline):
    recorder = timeline(app)
    TestClient(app).get("/")
    assert recorder.order == ()

def test_without_a_request(timeline):
    timeline(app)
    assert False

def test_nothing_is_left():
    assert app.middleware_stack is None or "Recorder" not in str(app.middleware_stack)
"""
    )
    return pytester.runpytest_subprocess("-p", "course.timeline.fixture")


def test_the_fixture_records_until_the_test_is_over(
    result: pytest.RunResult,
) -> None:
    """A test asserts on the order; afterwards the application is clean."""
    result.assert_outcomes(passed=2, failed=2)


def test_a_failing_test_shows_the_picture(result: pytest.RunResult) -> None:
    """The order in words stands below the failure."""
    result.stdout.fnmatch_lines(
        [
            "*what happened when*",
            "GET /  200",
            "ep began → ep ended → response sent → task began → task ended",
        ]
    )
