"""The stored runs of the crash lab, and what is quoted from them."""

import pytest

from course.labs.crash.picture import grouped, markdown
from course.labs.crash.results import Report
from course.labs.crash.setups import ALL
from tests.servers import ROOT

STORED = ROOT / "course" / "labs" / "crash" / "stored.json"


@pytest.fixture(scope="module")
def report() -> Report:
    """Read what is stored."""
    return Report.load(STORED)


def test_each_setup_ran_with_five_seeds(report: Report) -> None:
    """Each engine, as installed and as its stage sets it up, its worker killed."""
    runs = grouped(report.rows)
    for setup in ALL:
        rows = runs[setup.engine, setup.setup, "worker"]
        assert [row.seed for row in rows] == [1, 2, 3, 4, 5]
        assert {row.accepted for row in rows} == {200}


def test_all_that_can_be_killed_was_killed(report: Report) -> None:
    """Once, where it is not the worker."""
    runs = grouped(report.rows)
    for setup in ALL:
        for kill in setup.kills():
            assert (setup.engine, setup.setup, kill) in runs


def test_as_set_up_here_nothing_was_lost(report: Report) -> None:
    """And in the database each effect is there once; stage 6 has no queue."""
    for row in report.rows:
        if row.setup == "course" and row.engine != "BackgroundTasks":
            assert row.lost == 0, row
            assert row.seconds is not None, row
            assert row.in_database == "1" * row.accepted, row


def test_every_task_is_counted(report: Report) -> None:
    """Once, more often, or lost."""
    for row in report.rows:
        assert row.once + row.twice + row.lost == row.accepted


def test_the_page_quotes_it(report: Report) -> None:
    """docs/choosing.md holds the very table."""
    page = (ROOT / "docs" / "choosing.md").read_text("utf-8")
    assert markdown(report) in page
