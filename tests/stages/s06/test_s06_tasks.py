"""A task is run from its row: once, whole, and with a record."""

import sqlite3
import threading
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from pydantic import ValidationError
from sqlalchemy.orm import Session

from stages.s06_at_work.app import app
from stages.s06_at_work.background import run_here
from stages.s06_at_work.database import (
    SessionDep,
    TaskLog,
    get_session_factory,
)
from stages.s06_at_work.notifications import get_notification_task
from stages.s06_at_work.settings import (
    LoggerDep,
    TaskConfig,
    get_task_config,
)
from stages.s06_at_work.start_up import prepare
from stages.s06_at_work.tasks import call, get_tasks, overrides, run_task
from tests.servers import Live
from tests.stages.s06.rows import Factory, add, effects, mark, read, run


def test_a_task_is_recorded_as_completed(client: TestClient) -> None:
    """The row has its times in UTC, and no error."""
    response = client.post("/run-task/René's 🎉")
    assert response.json() == {"message": "Task 'René's 🎉' scheduled"}
    (row,) = client.get("/task-logs/").json()
    assert (row["task_name"], row["status"]) == ("René's 🎉", "completed")
    assert (row["error"], row["attempts"]) == (None, 1)
    created = datetime.fromisoformat(row["created_at"])
    completed = datetime.fromisoformat(row["completed_at"])
    assert created.utcoffset() == completed.utcoffset() == timedelta(0)
    assert created < completed


def test_the_response_does_not_wait(database: str, live: Live) -> None:
    """The row can be read while the task runs: it is "started"."""
    started, held = threading.Event(), threading.Event()

    def hold(_session: Session, _payload: object) -> None:
        started.set()
        assert held.wait(60)

    app.dependency_overrides[get_tasks] = lambda: {"run-task": hold}
    with live(app) as browser:
        assert browser.post("/run-task/report").status_code == 200
        assert started.wait(60)
        (row,) = browser.get("/task-logs/").json()
        assert (row["status"], row["completed_at"]) == ("started", None)
        held.set()
    assert read(get_session_factory(), row["id"]).status == "completed"


def test_a_second_delivery_does_nothing(session_factory: Factory) -> None:
    """The row has ended, so a message that comes again changes nothing."""
    log_id = add(session_factory)
    run(log_id, mark)
    run(log_id, mark)
    assert effects(session_factory) == 1
    assert read(session_factory, log_id).attempts == 1


def test_the_slower_of_two_workers_leaves_no_effect(
    session_factory: Factory,
) -> None:
    """The effect and the record are one transaction: both or neither."""
    log_id = add(session_factory)

    def slow(session: Session, payload: object) -> None:
        run(log_id, mark)  # another worker, meanwhile
        mark(session, payload)

    run(log_id, slow)
    assert effects(session_factory) == 1
    assert read(session_factory, log_id).status == "completed"


def test_a_failed_task_leaves_no_effect_and_raises(
    session_factory: Factory,
) -> None:
    """What it raises is for the engine, which tries again until it is dead."""
    overrides[get_task_config] = lambda: TaskConfig(max_attempts=2)
    log_id = add(session_factory)

    def work(session: Session, payload: object) -> None:
        mark(session, payload)
        session.flush()
        raise ConnectionError("no")

    for status in ("failed", "dead"):
        with pytest.raises(ConnectionError):
            run(log_id, work)
        assert read(session_factory, log_id).status == status
    assert effects(session_factory) == 0
    run(log_id, mark)  # a late message
    assert effects(session_factory) == 0


def test_a_task_that_ends_its_process_each_time_is_dead_at_last(
    session_factory: Factory,
) -> None:
    """It never records a failure, so its next start does."""
    overrides[get_task_config] = lambda: TaskConfig(max_attempts=2)
    log_id = add(session_factory)

    class Killed(BaseException):
        """As a kill: no `except Exception` sees it."""

    def work(_session: Session, _payload: object) -> None:
        raise Killed

    for _ in range(2):
        with pytest.raises(Killed):
            run(log_id, work)
        row = read(session_factory, log_id)
        assert (row.status, row.error) == ("started", None)
    run(log_id, mark)
    row = read(session_factory, log_id)
    assert (row.status, row.error) == ("dead", "No attempt ended")
    assert effects(session_factory) == 0


def test_a_pause_doubles_up_to_its_limit_and_outlasts_an_hour() -> None:
    """Each is shortened at random, by half at most."""
    config = TaskConfig()
    pauses = [config.pause_after(attempts) for attempts in range(1, 31)]
    assert 1 <= pauses[0] <= 2
    assert 16 <= pauses[4] <= 32
    assert all(300 <= pause <= 600 for pause in pauses[10:])
    assert sum(pauses) > 3600
    assert config.pause_after(5000) <= 600


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"kind": "of-the-next-version"}, KeyError),
        ({"payload": {"task_name": "a", "new": 1}}, ValidationError),
    ],
)
def test_a_row_of_a_newer_version_is_given_back(
    session_factory: Factory,
    values: dict[str, Any],
    expected: type[Exception],
) -> None:
    """It is failed, not dead: a worker of that version will run it."""
    log_id = add(session_factory, **values)
    with pytest.raises(expected):
        call(run_task, log_id)
    row = read(session_factory, log_id)
    assert (row.status, row.error) == ("failed", expected.__name__)


def test_slow_work_holds_no_connection(
    database: str, monkeypatch: pytest.MonkeyPatch, live: Live
) -> None:
    """With a single connection, requests are answered while tasks work."""
    monkeypatch.setenv("DATABASE_POOL_SIZE", "1")
    started, held = threading.Event(), threading.Event()

    def slow(session: Session, payload: object) -> None:
        started.set()
        assert held.wait(60)
        mark(session, payload)

    app.dependency_overrides[get_tasks] = lambda: {"run-task": slow}
    with live(app) as browser:
        for _ in range(3):
            assert browser.post("/run-task/a").status_code == 200
        assert started.wait(60)
        assert browser.get("/task-logs/").status_code == 200
        held.set()
    assert effects(get_session_factory()) == 3


def test_a_task_that_cannot_begin_is_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The database is locked for too long: the row stays as it is."""
    monkeypatch.setenv("DATABASE_TIME_OUT", "0.1")
    prepare()
    log_id = add(get_session_factory())
    with closing(sqlite3.connect("data/tasks.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        run_here(log_id)
        other.rollback()
    assert f"Task {log_id} is not done" in caplog.text
    assert read(get_session_factory(), log_id).status == "scheduled"


def test_the_same_dependencies_serve_without_a_request(
    session_factory: Factory,
) -> None:
    """A worker's function asks for a session as an endpoint does."""
    add(session_factory)
    counts = []

    def report(title: str, session: SessionDep, logger: LoggerDep) -> None:
        query = sa.select(sa.func.count()).select_from(TaskLog)
        counts.append((title, session.scalar(query), logger.name))

    call(report, "rows")
    assert counts == [("rows", 1, "background_tasks")]


def test_an_override_serves_endpoints_and_tasks(client: TestClient) -> None:
    """There is one place to replace a dependency."""
    lines: list[str] = []
    app.dependency_overrides[get_notification_task] = lambda: (
        lambda email, message: lines.append(f"{email}: {message}")
    )
    client.post("/send-notification/ada@example.com")
    assert lines == ["ada@example.com: Hello World!"]
    assert overrides is app.dependency_overrides
