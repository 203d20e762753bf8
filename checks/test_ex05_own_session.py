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
from checks.expect import UnmetError, called, expect, listed, times
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
    """Replace the factory by one that watches its sessions."""
    database = Database(client, answer, tmp_path / "checks.db")

    def get_session_factory() -> Any:
        return database.factory

    overrides = answer.app.dependency_overrides
    overrides[answer.get_session_factory] = get_session_factory
    yield database
    database.close()


@pytest.fixture
def work(answer: ModuleType, client: Client, database: Database) -> Work:
    """Replace the work by one that remembers."""
    work = Work(client)

    def get_work() -> Any:
        return work.run

    answer.app.dependency_overrides[answer.get_work] = get_work
    return work


def post(client: Client, path: str) -> Any:
    """Start a task, and return its row's ID."""
    response = client.post(path)
    assert response.status_code == 202
    expect(
        "id" in response.json(),
        'the response is {"id": …}, the ID of the row',
        response.text,
    )
    return response.json()["id"]


def shown(client: Client, log_id: Any) -> dict[str, Any]:
    """Get a row, as everybody can."""
    response = client.get(f"/task-logs/{log_id}")
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    expect(
        sorted(found) == sorted(FIELDS),
        f"GET shows {listed(FIELDS)}",
        f"it shows {listed([*found])}",
    )
    return found


def ended(client: Client, database: Database, path: str) -> dict[str, Any]:
    """Run a task to its end, and read what was committed of its row."""
    log_id = str(post(client, path))
    client.finish()
    found = [row for row in database.rows() if str(row["id"]) == log_id]
    if len(found) != 1:
        raise UnmetError(
            f"a row with the ID of the response, {log_id}, is committed",
            "the IDs of the committed rows:"
            f" {listed([row['id'] for row in database.rows()], 'no row')}",
        )
    return found[0]


def expect_calls(work: Work, *names: str) -> None:
    """Fail unless the work was called once for each of these."""
    expect(
        sorted(work.names, key=repr) == sorted(names, key=repr),
        f"the work that get_work gives is called {times(len(names))}, for"
        f" {listed(names)}",
        f"it was {called(work.names)}",
    )


def expect_sessions_of_the_tasks(work: Work) -> None:
    """Fail if the work got a session from before the response."""
    expect(
        all(each.made for each in work.sessions),
        "the task opens its session after the response",
        "the work got a session that was opened before the response",
    )


def expect_end(row: dict[str, Any], status: str) -> None:
    """Fail unless the row has come to this end."""
    expect(
        row["status"] == status,
        f'the row ends as "{status}"',
        f'its status is "{row["status"]}", its error {row["error"]!r}',
    )


def expect_time(row: dict[str, Any]) -> None:
    """Fail unless the row says when the task ended."""
    expect(
        row["completed_at"] is not None,
        "completed_at says when the task ended",
        "completed_at is null",
    )


def expect_notes(database: Database, *texts: str, why: str) -> None:
    """Fail unless these notes of the work's are committed, and no others."""
    found = database.notes()
    expect(
        found == [*texts],
        f"the work's notes are committed for {listed(texts)}",
        f"they are for {listed(found)}",
        why,
    )


@pytest.mark.points(3)
def test_a_task_has_a_session_of_its_own(
    client: Client, database: Database, work: Work
) -> None:
    """No session that was made before the response is used after it.

    The request closes its session when it is over: it may be closed, broken
    or busy when the task needs it.
    """
    for path in (REPORT, "/run-task/invoice"):
        post(client, path)
        client.finish()
    expect_calls(work, "report", "invoice")
    expect(
        work.after == [1, 2],
        "the response is sent before the work begins",
        "the work began first, so the client waits for it",
    )
    expect(
        work.strange == 0,
        "the work gets a session made by what get_session_factory gives",
        f"it got another one {times(work.strange)}",
    )
    expect(
        database.used_too_late == [],
        "no session that was opened before the response is used after it",
        "one was: the request's, one that was opened while the task was"
        " provided, or one that was kept from another request",
    )
    statuses = [row["status"] for row in database.rows()]
    expect(
        statuses == ["completed", "completed"],
        'both tasks are over, and both rows are committed as "completed"',
        f"the committed rows: {listed(statuses)}",
    )


@pytest.mark.points(2)
def test_the_row_can_be_read_while_the_task_runs(
    client: Client, database: Database, work: Work
) -> None:
    """The row is committed as started before the response is sent.

    The client asks for the row at once, with the ID that it got.
    """
    at_the_response: list[list[Any]] = []
    at_work: list[list[Any]] = []
    work.when_sent = lambda: at_the_response.append(database.rows())
    work.meanwhile = lambda: at_work.append(database.rows())
    log_id = post(client, REPORT)
    client.finish()
    expect_calls(work, "report")
    for found, when in (
        (at_the_response[0], "when the response is sent"),
        (at_work[0], "while the work runs"),
    ):
        shown_ = [(e["task_name"], e["status"]) for e in found]
        expect(
            shown_ == [("report", "started")],
            f'{when}, a row for "report" is committed as "started"',
            f"the committed rows: {shown_ or 'none'}",
        )
        ended_ = found[0]["completed_at"], found[0]["error"]
        expect(
            ended_ == (None, None),
            f"{when}, completed_at and error are null",
            f"they are {ended_}",
        )
    row = shown(client, log_id)
    expect(
        row["task_name"] == "report",
        'the ID of the response is that of the row for "report"',
        f"it is that of {row['task_name']}",
    )
    expect_end(row, "completed")
    expect_time(row)
    expect(not row["error"], "error is null", f"error is {row['error']!r}")
    assert client.get("/task-logs/999999").status_code == 404


@pytest.mark.points(2)
def test_a_failing_task_is_recorded_as_failed(
    client: Client, database: Database, work: Work
) -> None:
    """The row says that the task failed, why, and when.

    Otherwise a task that failed looks as if it still ran.
    """
    text = "no paper in the printer:\nadd some"
    work.raises = ValueError(text)
    row = ended(client, database, CRASH)
    expect_calls(work, "crash")
    expect_end(row, "failed")
    expect_time(row)
    expect(
        all(line in str(row["error"]) for line in text.splitlines()),
        f"error holds the text of the exception, {text!r}",
        f"error is {row['error']!r}",
    )
    work.raises = None
    for path in (REPORT, CRASH):  # another task, and the same one again
        expect_end(ended(client, database, path), "completed")
        later = database.rows()[0]
        expect(
            later == row,
            "when a later task has completed, this row is as it was",
            f'its status is now "{later["status"]}"',
            "does the task change the row with the ID that it was given?",
        )


@pytest.mark.points(2)
@pytest.mark.after("test_a_failing_task_is_recorded_as_failed")
def test_what_a_task_wrote_is_kept_or_undone(
    client: Client, database: Database, work: Work
) -> None:
    """A task's writes are kept when it completes, undone when it fails.

    Half of a task's work is worse than none: nobody knows which half.
    """
    expect_end(ended(client, database, REPORT), "completed")
    why = "the work that completed wrote a note: commit it"
    expect_notes(database, "report", why=why)
    work.raises = ValueError("no paper in the printer")
    expect_end(ended(client, database, CRASH), "failed")
    why = "the work that failed had written a note before: roll it back"
    expect_notes(database, "report", why=why)


@pytest.mark.points(1)
@pytest.mark.after("test_a_failing_task_is_recorded_as_failed")
def test_work_that_breaks_its_session_is_recorded_too(
    client: Client, database: Database, work: Work
) -> None:
    """The failure is recorded, even if the work has broken its session.

    After a flush that failed, a session can only roll back: the failure needs
    a new transaction.
    """
    work.breaks = True
    row = ended(client, database, CRASH)
    expect_end(row, "failed")
    expect_time(row)
    expect(
        "NOT NULL constraint failed" in str(row["error"]),
        'error holds the text of the exception, "… NOT NULL constraint'
        ' failed …"',
        f"error is {row['error']!r}",
    )
    expect_notes(database, why="the work failed: roll back what it wrote")


@pytest.mark.points(1)
@pytest.mark.after("test_a_task_has_a_session_of_its_own")
def test_each_session_is_closed(
    client: Client, database: Database, work: Work
) -> None:
    """When a task is over, completed or failed, no session is open.

    An open session keeps its connection. When the pool has no free one, every
    request waits.
    """
    ended(client, database, REPORT)
    expect(
        [each for each in database.sessions if each.made],
        "the task opens a session after the response",
        "none was opened then",
    )
    work.raises = ValueError("no paper in the printer")
    ended(client, database, CRASH)
    still_open = [each for each in database.sessions if not each.is_closed]
    expect(
        not still_open,
        "each session is closed when the task is over",
        f"{len(still_open)} of them: still open, or used after the close",
    )


@pytest.mark.points(1)
@pytest.mark.after("test_a_task_has_a_session_of_its_own")
def test_two_tasks_do_not_share_a_session(
    client: Client, database: Database, work: Work
) -> None:
    """Two tasks at the same time use two sessions.

    A session is made for one thread: a rollback of one task would undo the
    other's work.
    """
    responses = client.post_together(REPORT, "/run-task/invoice")
    assert [each.status_code for each in responses] == [202, 202]
    client.finish()
    expect_calls(work, "report", "invoice")
    expect(
        len(set(work.sessions)) == 2,
        "each task has a session of its own",
        "both used the same session",
    )
    expect_sessions_of_the_tasks(work)
    rows = [shown(client, each.json()["id"]) for each in responses]
    names = [row["task_name"] for row in rows]
    expect(
        names == ["report", "invoice"],
        "each response has the ID of its own row",
        f"the rows of the two IDs are for {listed(names)}",
    )
    for row in rows:
        expect_end(row, "completed")


@pytest.mark.points(1)
@pytest.mark.after("test_a_task_has_a_session_of_its_own")
def test_others_are_answered_while_a_task_works(
    client: Client, database: Database, work: Work
) -> None:
    """While the work waits, the server answers other requests.

    The work is a plain function that blocks: on the event loop it would keep
    everybody waiting.
    """
    with work.held():
        log_id = post(client, REPORT)
        expect(
            work.has_begun(),
            "the work that get_work gives is called",
            "it was not called as a background task, which the server waits"
            " for",
        )
        expect(
            not work.on_the_loop,
            "while the work runs, the server answers others",
            "the work ran on the event loop, which answers nobody meanwhile",
        )
        post(client, "/run-task/invoice")
        status = shown(client, log_id)["status"]
        expect(
            status == "started",
            "others are answered while the first task still works",
            f'they were answered when its row was "{status}"',
        )
    client.finish()
    expect_sessions_of_the_tasks(work)


@pytest.mark.points(1)
@pytest.mark.after("test_a_task_has_a_session_of_its_own")
def test_the_task_gets_no_row(
    answer: ModuleType, client: Client, database: Database, work: Work
) -> None:
    """The task is called with plain values, not with the row.

    Reading an attribute of a row may need its session, which is closed by
    then.
    """
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
    expect(
        not rows,
        "the task is called with plain values, such as the row's ID",
        "it was called with the row itself, which belongs to the request's"
        " session",
    )


@pytest.mark.points(1)
@pytest.mark.after("test_a_failing_task_is_recorded_as_failed")
@pytest.mark.usefixtures("far_from_utc")
def test_the_end_is_told_in_utc(
    client: Client, database: Database, work: Work
) -> None:
    """completed_at is the time of the end, in UTC.

    A time without its zone is read as local time, and is hours off.
    """
    began: list[datetime] = []
    work.meanwhile = lambda: began.append(datetime.now(UTC))
    for raises in (None, ValueError("no paper in the printer")):
        work.raises = raises
        log_id = post(client, CRASH)
        client.finish()
        row = shown(client, log_id)
        expect_end(row, "failed" if raises else "completed")
        expect_time(row)
        at = datetime.fromisoformat(row["completed_at"])
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        now = datetime.now(UTC)
        expect(
            abs(now - at) < timedelta(minutes=5),
            "completed_at is the time now, in UTC",
            "it is another time (the local time here is 5:30 h ahead of UTC)",
        )
        expect(
            at >= began[-1] or not at.microsecond,
            "completed_at is a time after the work began",
            "it is a time before the work began",
            "is it read when the task ends? A default value, or a line at the"
            " top of the module, is read at import",
        )


@pytest.mark.points(1)
@pytest.mark.after("test_a_task_has_a_session_of_its_own")
def test_the_import_opens_no_database(
    opened_by_the_import: list[object],
    client: Client,
    database: Database,
    work: Work,
) -> None:
    """Importing the module opens no database.

    A test, or a tool, imports the module where there is no database.
    """
    expect(
        not opened_by_the_import,
        "the import opens no connection to a database",
        f"it opened {len(opened_by_the_import)}",
    )
    expect_end(ended(client, database, REPORT), "completed")
    expect(
        database.used_too_late == [],
        "no session that was opened before the response is used after it",
        "one was",
    )
