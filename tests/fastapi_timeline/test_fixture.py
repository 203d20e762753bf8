"""The pytest fixture that comes with the recorder."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[2]

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
    return pytester.runpytest_subprocess("-p", "fastapi_timeline.fixture")


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


def test_a_run_that_does_not_use_it_imports_nothing_else() -> None:
    """Every run of pytest in its environment pays for what it imports."""
    code = (
        "import sys, pytest; before = {*sys.modules};"
        "import fastapi_timeline.fixture;"
        "print(*sorted({*sys.modules} - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [
        "fastapi_timeline",
        "fastapi_timeline.fixture",
    ]


def test_it_may_be_installed_and_named_by_a_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`pytest_plugins` works where pip has installed the plugin, too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    plugins = project["project"]["entry-points"]["pytest11"].items()
    installed = pytester.mkdir("installed")
    about = installed / "fastapi_timeline-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Name: fastapi-timeline\nVersion: 1\n")
    lines = [f"{name} = {module}\n" for name, module in plugins]
    (about / "entry_points.txt").write_text("[pytest11]\n" + "".join(lines))
    monkeypatch.setenv("PYTHONPATH", f"{installed}{os.pathsep}{ROOT}")
    pytester.makeconftest('pytest_plugins = ["fastapi_timeline.fixture"]')
    pytester.makepyfile("def test_it(timeline): pass")
    result = pytester.runpytest_subprocess("--fixtures-per-test")
    result.stdout.fnmatch_lines(["timeline -- *"])
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
