from pathlib import Path

import pytest

from course.labs import compat, pythons
from course.labs.results import Counts, Run, document, verdict

VERSIONS = {
    "python": "3.11.7",
    "fastapi": "0.118.0",
    "starlette": "0.48.0",
    "pydantic": "2.14.4",
    "sqlalchemy": "2.1.9",
}
GOOD = Run("3.11", "oldest", "1–5", VERSIONS, Counts(72, (), 1))
FAILED = Run(
    *("3.11", "newest", "1–11", VERSIONS), Counts(71, ("test_s05::test_a",))
)
ABSENT = Run("3.13", "oldest", "1–5", note="no such Python on this machine")
BROKEN = Run(
    "3.12", "oldest", "1–5", note="uv could not prepare it", wrong=True
)


def rows(runs: list[Run]) -> list[list[str]]:
    """Return the cells of the document's table, row by row."""
    lines = document(runs).splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|")
    ]


def test_a_row_says_what_ran_and_how_many_passed() -> None:
    """The versions are those that were installed, not those asked for."""
    heading, _, row = rows([GOOD])
    assert heading[:3] == ["Python", "FastAPI", "Starlette"]
    assert row == [*VERSIONS.values(), "1–5", "72", "0", "1"]


def test_a_python_that_is_not_there_has_a_row_that_says_so() -> None:
    """It is not an error, and it is not left out."""
    row = rows([GOOD, ABSENT])[-1]
    assert row[:2] == ["3.13", "oldest"]
    assert "not run: no such Python on this machine" in row
    assert verdict([GOOD, ABSENT], "3.11") == ""


def test_every_row_has_as_many_cells_as_the_heading() -> None:
    """A row of another length would not be drawn as a table."""
    assert {len(row) for row in rows([GOOD, FAILED, ABSENT, BROKEN])} == {9}


def test_what_failed_is_named_below_the_table() -> None:
    """A number alone would send the reader to run it again."""
    assert "- `test_s05::test_a`" in document([GOOD, FAILED])
    assert "1 failed" in verdict([GOOD, FAILED], "3.11")


def test_what_could_not_be_tried_is_wrong() -> None:
    """An environment that can't be made must not look like a success."""
    assert "could not prepare" in verdict([GOOD, BROKEN], "3.11")


def test_the_required_python_must_have_run() -> None:
    """All others together do not replace it."""
    other = Run("3.12", "newest", "1–11", VERSIONS, Counts(72))
    assert "3.11 is required" in verdict([other], "3.11")


def test_errors_and_failures_count_as_failed(tmp_path: Path) -> None:
    """A fixture that breaks is as bad as a test that does."""
    report = tmp_path / "junit.xml"
    report.write_text(
        '<testsuites><testsuite><testcase classname="tests.test_a" name="ok"/>'
        '<testcase classname="tests.test_a" name="f"><failure/></testcase>'
        '<testcase classname="tests.test_a" name="e"><error/></testcase>'
        '<testcase classname="tests.test_a" name="s"><skipped/></testcase>'
        "</testsuite></testsuites>"
    )
    failed = ("test_a::f", "test_a::e")
    assert compat.read_junit(report) == Counts(1, failed, 1)


def test_a_python_that_does_not_start_is_not_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pyenv shim is on PATH and only says which versions there are."""
    shim = tmp_path / "python3.99"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert shim in list(pythons.candidates("3.99"))
    assert pythons.find_python("3.99") is None


def test_a_python_that_is_missing_is_a_run_with_a_note() -> None:
    """Nothing is downloaded, and nothing is made."""
    run = compat.try_one("3.99", "newest", [])
    assert run.outcome == "not run: no such Python on this machine"
    assert not run.wrong
