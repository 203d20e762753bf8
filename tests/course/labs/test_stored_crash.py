"""The stored run of the crash lab, and what is quoted from it."""

import pytest

from course.labs.crash.picture import grouped, in_database, markdown
from course.labs.crash.results import Report
from course.labs.crash.shown import STORED, Cells, stored
from tests.servers import ROOT


@pytest.fixture(scope="module")
def report() -> Report:
    """Read what is stored."""
    return Report.load(STORED)


def test_each_setup_ran_with_five_seeds(report: Report) -> None:
    """Four engines, each as installed and as set up here, 200 tasks each."""
    runs = grouped(report.rows)
    assert len(runs) == 8
    for rows in runs.values():
        assert [row.seed for row in rows] == [1, 2, 3, 4, 5]
        assert {row.accepted for row in rows} == {200}


def test_as_set_up_here_nothing_was_lost(report: Report) -> None:
    """And where effect and record are one, each task was done once."""
    ours = [row for row in report.rows if row.setup == "course"]
    assert {row.lost for row in ours} == {0}
    assert all(row.seconds is not None for row in ours)
    assert {row.in_database for row in ours} == {"1" * 200}
    assert "4000 of 4000 there once, 0 twice, 0 not" in in_database(ours)


def test_every_kill_came_half_way(report: Report) -> None:
    """Much had been done, and much had not."""
    for row in report.rows:
        assert 60 <= row.before <= 180, row
        assert row.once + row.twice + row.lost == row.accepted


def test_the_page_quotes_it_as_it_is(report: Report) -> None:
    """docs/choosing.md holds the very table."""
    page = (ROOT / "docs" / "scaling.md").read_text("utf-8")
    assert markdown(report).strip() in page


def test_a_notebook_shows_a_part_of_it(report: Report) -> None:
    """As a table, or as cells with words beside them."""
    table = stored("RQ")._repr_markdown_()
    assert "RQ, as installed" in table
    assert "Celery" not in table
    shown, about = Cells(report.rows[:1])._repr_mimebundle_()
    assert shown["image/svg+xml"].startswith("<svg")
    assert about["image/svg+xml"]["alt"] == shown["text/plain"]
