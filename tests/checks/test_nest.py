"""What exercise 7 runs its tests in, and what it runs them on."""

from pathlib import Path

import pytest

from checks.apps_ex07 import BROKEN, RIGHT
from checks.nest import FORK, PASSED, Nest

ROOT = Path(__file__).resolve().parents[2]
SOLUTION = ROOT / "solutions" / "ex07_test_a_task.py"
STUB = ROOT / "exercises" / "ex07_test_a_task.py"
WAYS = [
    pytest.param(
        True,
        id="forked",
        marks=pytest.mark.skipif(not FORK, reason="it can't fork"),
    ),
    pytest.param(False, id="afresh"),
]

TESTS = """
import inspect
import os
import sys
import time

import pytest

seen = []


def test_passes(target):
    seen.append(target)
    assert len(seen) == 1


def test_fails():
    assert seen == []


@pytest.fixture
def late():
    yield
    raise OSError("too late")


def test_fails_at_its_end(late):
    pass


def test_is_skipped():
    pytest.skip("not today")


@pytest.mark.xfail
def test_is_marked():
    raise AssertionError


def test_sleeps():
    try:
        time.sleep(0.001)
    except Exception:
        pass


def test_does_not_know_what_it_is_run_on(target):
    assert target.__name__ == "app_under_test"
    assert sys.modules["app_under_test"] is target
    assert target.__doc__ is None
    assert target.get_outbox.__doc__ is None
    with pytest.raises(OSError):
        inspect.getsource(target.get_outbox)
    assert "never_scheduled" not in repr(vars(target))
    assert "never_scheduled" not in repr(os.environ)


def test_has_files_and_what_is_printed(tmp_path, capsys, caplog, monkeypatch):
    (tmp_path / "file").write_text("hello")
    print("hello")
    assert capsys.readouterr().out == "hello\\n"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a file of tests that end in all ways, in a package."""
    file = tmp_path / "answers" / "ex07_test_a_task.py"
    file.parent.mkdir()
    (file.parent / "__init__.py").touch()
    file.write_text(TESTS, "utf-8")
    return file


@pytest.mark.parametrize("fork", WAYS)
def test_each_way_to_end_is_told(file: Path, *, fork: bool) -> None:
    """So that a check can tell a failure from all else."""
    nest = Nest(file, fork=fork)
    try:
        found = nest.run("never_scheduled", nest.tests)
        short = {k.partition("::")[2]: v for k, v in found.items()}
        assert {name: outcome for name, (outcome, _) in short.items()} == {
            "test_passes": "passed",
            "test_fails": "failed",
            "test_fails_at_its_end": "failed at its end",
            "test_is_skipped": "was skipped",
            "test_is_marked": "is marked as xfail",
            "test_sleeps": "failed",
            "test_does_not_know_what_it_is_run_on": "passed",
            "test_has_files_and_what_is_printed": "passed",
        }
        assert short["test_fails"][1].startswith("line 18: AssertionError")
        assert "RealSleepError" in short["test_sleeps"][1]
        # nothing of a run is left for the next
        assert nest.run("never_scheduled", nest.tests[1:2]) == {
            nest.tests[1]: PASSED
        }
        assert nest.passes(nest.tests[0], RIGHT)
    finally:
        nest.close()
    assert list(file.parent.rglob("*.pyc")) == []


@pytest.mark.parametrize("fork", WAYS)
def test_what_can_not_be_collected_is_named(file: Path, *, fork: bool) -> None:
    """With its line."""
    file.write_text("import pytest\n\nfrom app_under_test import app\n")
    nest = Nest(file, fork=fork)
    nest.close()
    assert nest.tests == []
    assert "ModuleNotFoundError in line 3" in nest.broken


@pytest.mark.skipif(not FORK, reason="it can't fork")
def test_a_test_that_ends_the_process_is_the_last(file: Path) -> None:
    """Those after it have no result, and the next run is unharmed."""
    file.write_text(
        "import os\ndef test_1(): pass\ndef test_2(): os._exit(0)\n"
        "def test_3(): pass\n"
    )
    nest = Nest(file)
    try:
        found = [
            outcome for outcome, _ in nest.run(RIGHT[0], nest.tests).values()
        ]
        assert found == ["passed", "did not come to its end"]
        assert nest.passes(nest.tests[2], RIGHT)
    finally:
        nest.close()


@pytest.mark.parametrize("app", [*RIGHT, *BROKEN])
def test_each_broken_application_is_noticed(app: str) -> None:
    """By the solution; the right ones are not."""
    nest = Nest(SOLUTION)
    try:
        outcomes = {o for o, _ in nest.run(app, nest.tests).values()}
    finally:
        nest.close()
    assert outcomes == {"passed"} | ({"failed"} if app in BROKEN else set())


def test_all_applications_are_used_and_described() -> None:
    """Each file is run; each broken one is named in the exercise."""
    files = {path.stem for path in (ROOT / "checks/apps_ex07").glob("*.py")}
    assert files - {"__init__"} == {*RIGHT, *BROKEN}
    text = STUB.read_text("utf-8")
    assert all(f"    - {name} " in text for name in BROKEN)
