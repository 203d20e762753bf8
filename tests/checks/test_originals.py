"""A stub can be had again after it was edited: stubs.zip holds them all."""

import zipfile

import pytest

from course.grader.exercises import ORIGINALS, Suite
from tests.checks.bank import ROOT, SUITES

LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same stubs make the same bytes


def write(stubs: dict[str, bytes]) -> None:
    """Keep these stubs, in the order of their names."""
    with zipfile.ZipFile(ORIGINALS, "w") as file:
        for name in sorted(stubs):
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, stubs[name])


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_an_original_is_the_stub(
    suite: Suite, request: pytest.FixtureRequest
) -> None:
    """`prove --snapshot-update` writes it anew."""
    name = suite.answer.name
    stub = (ROOT / "exercises" / name).read_bytes()
    assert b"TODO" in stub, "it is no stub any more"
    with zipfile.ZipFile(ORIGINALS) as file:
        kept = {each: file.read(each) for each in file.namelist()}
    if request.config.getoption("update_snapshots", default=False):
        there = {each.answer.name for each in SUITES}
        kept = {each: kept[each] for each in kept if each in there}
        kept[name] = stub
        write(kept)
    assert kept.get(name) == stub


def test_no_original_is_of_an_exercise_that_has_gone() -> None:
    """The next one that is written takes it out."""
    with zipfile.ZipFile(ORIGINALS) as file:
        there = {suite.answer.name for suite in SUITES}
        assert set(file.namelist()) <= there
