"""Checks of exercise 5: a task opens, uses and closes its own session."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest
import sqlalchemy as sa
from fastapi import Depends

from checks.asgi import Client
from checks.sessions import FIELDS, Database, Watched, Work

REPORT, CRASH = "/run-task/report", "/run-task/crash"


@pytest.fixture
def opened() -> Iterator[list[object]]:
    """Remember every connection to a database, from before the import on."""
    connections: list[object] = []

    def remember(connection: object, _: object) -> None:
        connections.append(connection)

    sa.event.listen(sa.Pool, "connect", remember)
    yield connections
    sa.event.remove(sa.Pool, "connect", remember)


@pytest.fixture
def opened_by_the_import(
    opened: list[object], answer: ModuleType
) -> list[object]:
    """Copy what was opened until the answer was imported."""
    return [*opened]


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Move this process to where it is five and a half hours later."""
    if not hasattr(time, "tzset"):
        yield  # Windows: its own zone has to do
        return
    with monkeypatch.context() as patch:
        patch.setitem(os.environ, "TZ", "IST-05:30")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def database(
    answer: ModuleType, client: Client, tmp_path: Path
) -> Iterator[Database]:
    """Put a factory that watches its sessions in the place of the given."""
    database = Database(client, answer, tmp_path / "checks.db")

    def get_session_factory() -> Any:
        return database.factory

    overrides = answer.app.dependency_overrides
    overrides[answer.get_session_factory] = get_session_factory
    yield database
    database.close()


@pytest.fixture
def work(answer: ModuleType, client: Client, database: Database) -> Work:
    """Put work that remembers in the place of the given."""
    work = Work(client)

    def get_work() -> Any:
        return work.run

    answer.app.dependency_overrides[answer.get_work] = get_work
    return work


def post(client: Client, path: str) -> Any:
    """Start a task, and return its row's ID."""
    response = client.post(path)
    assert response.status_code == 202, response.text
    assert "id" in response.json(), response.text
    return response.json()["id"]


def shown(client: Client, log_id: Any) -> dict[str, Any]:
    """Get a row, as everybody can."""
    response = client.get(f"/task-logs/{log_id}")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    assert sorted(found) == sorted(FIELDS)
    return found


def ended(client: Client, database: Database, path: str) -> dict[str, Any]:
    """Run a task to its end, and read what was committed of its row."""
    log_id = str(post(client, path))
    client.finish()
    found = [row for row in database.rows() if str(row["id"]) == log_id]
    assert len(found) == 1, (
        f"the task is over, and no row with the response's ID, {log_id}, was"
        " committed"
    )
    return found[0]


@pytest.mark.points(3)
def test_a_task_has_a_session_of_its_own(
    client: Client, database: Database, work: Work
) -> None:
    """No session that was made before the response is used after it."""
    for path in (REPORT, "/run-task/invoice"):
        post(client, path)
        client.finish()
    assert work.names == ["report", "invoice"], "one call for each request"
    assert work.after == [1, 2], "the work began before the response"
    assert work.strange == 0, (
        "so often the work was given a session that is not made by what"
        " get_session_factory gives"
    )
    assert database.used_too_late == [], (
        "a session from before the response was used after it: the request's,"
        " one that was opened while the task was provided, or one that was"
        " kept from another request"
    )
    statuses = [row["status"] for row in database.rows()]
    assert statuses == ["completed", "completed"], (
        "both tasks are over: these are the rows that were committed"
    )


@pytest.mark.points(2)
def test_the_row_can_be_read_while_the_task_runs(
    client: Client, database: Database, work: Work
) -> None:
    """It is committed as started before the response, completed at the end."""
    at_the_response: list[list[Any]] = []
    at_work: list[list[Any]] = []
    work.when_sent = lambda: at_the_response.append(database.rows())
    work.meanwhile = lambda: at_work.append(database.rows())
    log_id = post(client, REPORT)
    client.finish()
    assert len(at_work) == 1, "the work has to be called once"
    for found in (at_the_response[0], at_work[0]):
        names = [each["task_name"] for each in found]
        assert names == ["report"], "no row was committed before the response"
        assert found[0]["status"] == "started", (
            "the row as it was before the work had ended"
        )
        assert found[0]["completed_at"] is None
        assert found[0]["error"] is None
    row = shown(client, log_id)
    assert (row["task_name"], row["status"]) == ("report", "completed")
    assert row["completed_at"] is not None, "completed, but at no time"
    assert not row["error"]
    unknown = client.get("/task-logs/999999")
    assert unknown.status_code == 404, "no task has this ID"


@pytest.mark.points(2)
def test_a_failing_task_is_recorded_as_failed(
    client: Client, database: Database, work: Work
) -> None:
    """The row says so, why, and when."""
    work.raises = ValueError("no paper in the printer")
    row = ended(client, database, CRASH)
    assert work.names == ["crash"], "the work has to be called once"
    assert row["status"] == "failed", "the work raised a ValueError"
    assert "no paper in the printer" in str(row["error"]), (
        "the row has to say what the exception says"
    )
    assert row["completed_at"] is not None, "failed, but at no time"


@pytest.mark.points(2)
@pytest.mark.after("test_a_failing_task_is_recorded_as_failed")
def test_what_a_task_wrote_is_kept_or_undone(
    client: Client, database: Database, work: Work
) -> None:
    """Kept when the task completes, undone as a whole when it fails."""
    completed = ended(client, database, REPORT)
    assert completed["status"] == "completed"
    assert database.notes() == ["report"], (
        "the work that completed wrote a note: it is lost"
    )
    work.raises = ValueError("no paper in the printer")
    failed = ended(client, database, CRASH)
    assert failed["status"] == "failed"
    assert database.notes() == ["report"], (
        "the work that failed had written a note before: it was kept"
    )


@pytest.mark.points(1)
@pytest.mark.after("test_a_failing_task_is_recorded_as_failed")
def test_work_that_breaks_its_session_is_recorded_too(
    client: Client, database: Database, work: Work
) -> None:
    """After a flush that failed a session can do nothing but roll back."""
    work.breaks = True
    row = ended(client, database, CRASH)
    assert row["status"] == "failed", "the flush failed, the session is broken"
    assert "NOT NULL constraint failed" in str(row["error"])
    assert row["completed_at"] is not None, "failed, but at no time"
    assert database.notes() == []


@pytest.mark.points(1)
@pytest.mark.after("test_a_task_has_a_session_of_its_own")
def test_each_session_is_closed(
    client: Client, database: Database, work: Work
) -> None:
    """Whether the task completes or fails: when it is over, none is open."""
    ended(client, database, REPORT)
    of_the_task = [each for each in database.sessions if each.made]
    assert len(of_the_task) > 0, "no session was made after the response"
    work.raises = ValueError("no paper in the printer")
    ended(client, database, CRASH)
    still_open = [each for each in database.sessions if not each.is_closed]
    assert len(still_open) == 0, (
        "so many sessions were not closed, or used after they were"
    )


@pytest.mark.points(1)
@pytest.mark.after("test_a_task_has_a_session_of_its_own")
def test_two_tasks_do_not_share_a_session(
    client: Client, database: Database, work: Work
) -> None:
    """Both rows are there before the first task begins."""
    responses = client.post_together(REPORT, "/run-task/invoice")
    assert [each.status_code for each in responses] == [202, 202]
    client.finish()
    assert sorted(work.names) == ["invoice", "report"]
    assert len(set(work.sessions)) == 2, "both used the same session"
    early = [each for each in work.sessions if not each.made]
    assert len(early) == 0, "a task's session was made before the response"
    rows = [shown(client, each.json()["id"]) for each in responses]
    names = [row["task_name"] for row in rows]
    assert names == ["report", "invoice"], "the response had another row's ID"
    statuses = sorted(row["status"] for row in rows)
    assert statuses == ["completed", "completed"], (
        "both tasks are over: each has to record the end in its own row"
    )


@pytest.mark.points(1)
@pytest.mark.after("test_a_task_has_a_session_of_its_own")
def test_others_are_answered_while_a_task_works(
    client: Client, database: Database, work: Work
) -> None:
    """Work that waits for something keeps nobody else waiting."""
    with work.held():
        log_id = post(client, REPORT)
        assert work.has_begun(), "the work was never called"
        assert not work.on_the_loop, (
            "the work, which blocks, ran on the event loop: nobody else is"
            " answered until it is done"
        )
        post(client, "/run-task/invoice")
        status = shown(client, log_id)["status"]
        assert status == "started", (
            "others were answered only when the first task was over"
        )
    client.finish()
    early = [each for each in work.sessions if not each.made]
    assert len(early) == 0, "a task's session was made before the response"


@pytest.mark.points(1)
@pytest.mark.after("test_a_task_has_a_session_of_its_own")
def test_the_task_gets_no_row(
    answer: ModuleType, client: Client, database: Database, work: Work
) -> None:
    """Plain values cross over: a row belongs to the request's session."""
    trackers: list[Watched] = []
    provider = partial(answer.get_task_tracker)  # not replaced, as it is new

    def get_task_tracker(tracker: Annotated[Any, Depends(provider)]) -> Any:
        trackers.append(Watched(tracker))
        return trackers[-1]

    overrides = answer.app.dependency_overrides
    overrides[answer.get_task_tracker] = get_task_tracker
    post(client, REPORT)
    client.finish()
    given = [value for each in trackers for value in each.given]
    rows = [each for each in given if isinstance(each, answer.TaskLog)]
    assert len(rows) == 0, (
        "the task was called with a row of the request's session: its ID is"
        " enough"
    )


@pytest.mark.points(1)
@pytest.mark.after("test_a_failing_task_is_recorded_as_failed")
@pytest.mark.usefixtures("far_from_utc")
def test_the_end_is_told_in_utc(
    client: Client, database: Database, work: Work
) -> None:
    """Wherever the server stands, whether the task completes or fails."""
    for raises in (None, ValueError("no paper in the printer")):
        work.raises = raises
        log_id = post(client, CRASH)
        client.finish()
        row = shown(client, log_id)
        assert row["completed_at"] is not None, f"{row['status']}, at no time"
        at = datetime.fromisoformat(row["completed_at"])
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        minutes_off = abs(datetime.now(UTC) - at) // timedelta(minutes=1)
        assert minutes_off < 5, "where this server stands, UTC is 5:30 h ago"


@pytest.mark.points(1)
@pytest.mark.after("test_a_task_has_a_session_of_its_own")
def test_the_import_opens_no_database(
    opened_by_the_import: list[object],
    client: Client,
    database: Database,
    work: Work,
) -> None:
    """Whoever imports the file gets no database: whoever asks it does."""
    assert len(opened_by_the_import) == 0, "so many connections are open"
    row = ended(client, database, REPORT)
    assert row["status"] == "completed"
    assert database.used_too_late == [], "that session was opened too early"
