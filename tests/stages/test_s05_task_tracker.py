"""Stage 5: every task leaves a record, whatever becomes of it."""

import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from stages import s05_task_tracker as stage
from stages.s05_task_tracker import app
from tests.servers import REAL, Live, forget_settings

Row = dict[str, Any]


@pytest.fixture(params=REAL)
def client(
    request: pytest.FixtureRequest,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[TestClient]:
    """Run the stage on an empty database, once for each kind."""
    assert certificate.exists()
    if request.param == "postgresql":
        url = request.getfixturevalue("new_postgresql")
        monkeypatch.setenv("DATABASE_URL", url)
    forget_settings()
    with TestClient(app) as client:
        yield client
    app.dependency_overrides.clear()
    forget_settings()


def rows(client: TestClient) -> list[Row]:
    """Return what a client sees."""
    logs: list[Row] = client.get("/task-logs/").json()
    return logs


def tracker() -> stage.TaskTracker:
    """Return what the dependency gives to an endpoint."""
    return stage.get_task_tracker(
        stage.get_session_factory(), stage.get_logger()
    )


def scheduled(task_name: str) -> int:
    """Commit a record, as an endpoint does, and return its ID."""
    with stage.get_session_factory()() as session:
        log = stage.TaskLog(task_name=task_name)
        session.add(log)
        session.commit()
        return log.id


def test_a_task_is_recorded_as_completed(client: TestClient) -> None:
    """The row has its times in UTC, and no error."""
    response = client.post("/run-task/report")
    assert response.status_code == 200
    assert response.json() == {"message": "Task 'report' scheduled"}
    (row,) = rows(client)
    assert (row["task_name"], row["status"]) == ("report", "completed")
    assert row["error"] is None
    created = datetime.fromisoformat(row["created_at"])
    completed = datetime.fromisoformat(row["completed_at"])
    assert created.utcoffset() == completed.utcoffset() == timedelta(0)
    assert created < completed <= datetime.now(UTC)


def test_a_crashing_task_is_recorded_as_failed(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The reason is in the row, the traceback in the log, and no 500."""
    assert client.post("/run-task/crash").status_code == 200
    (row,) = rows(client)
    assert (row["task_name"], row["status"]) == ("crash", "failed")
    assert row["error"] == "ValueError: this task always crashes"
    assert row["completed_at"] is not None
    (record,) = caplog.records
    assert record.exc_info


def test_what_a_failing_task_wrote_is_undone(client: TestClient) -> None:
    """The failure's record is another transaction than the work."""

    def work(session: Session) -> None:
        session.add(stage.TaskLog(task_name="half of the work"))
        session.flush()
        raise ValueError("no more")

    tracker()(scheduled("two halves"), work)
    (row,) = rows(client)
    assert (row["task_name"], row["status"]) == ("two halves", "failed")
    assert row["error"] == "ValueError: no more"


def test_the_row_can_be_read_while_the_task_runs(
    client: TestClient, live: Live
) -> None:
    """The record is committed before the response, then says "started"."""
    started, held = threading.Event(), threading.Event()
    track_task = tracker()

    def hold(_session: Session) -> None:
        started.set()
        assert held.wait(10)

    app.dependency_overrides[stage.get_task_tracker] = lambda: (
        lambda log_id, _work: track_task(log_id, hold)
    )
    with live(app) as browser:
        assert browser.post("/run-task/report").status_code == 200
        assert started.wait(10)
        (row,) = browser.get("/task-logs/").json()
        assert (row["status"], row["completed_at"]) == ("started", None)
        held.set()
    (row,) = rows(client)
    assert row["status"] == "completed"


def test_a_scheduled_task_says_so(client: TestClient) -> None:
    """Between the response and the task, the row is "scheduled"."""
    app.dependency_overrides[stage.get_task_tracker] = lambda: (
        lambda _log_id, _work: None
    )
    client.post("/run-task/report")
    (row,) = rows(client)
    assert (row["status"], row["completed_at"]) == ("scheduled", None)


def test_an_email_that_cannot_be_sent_is_recorded(client: TestClient) -> None:
    """The service raises, the tracker records: it can track any task."""

    def refuse(_content: stage.EmailContent) -> None:
        raise ConnectionRefusedError("no mailbox here")

    app.dependency_overrides[stage.get_email_service] = lambda: refuse
    content = {"subject": "Hi", "body": "", "recipients": ["ada@example.com"]}
    response = client.post("/send-email/", json=content)
    assert response.json()["status"] == "success"
    (row,) = rows(client)
    assert (row["task_name"], row["status"]) == ("send-email", "failed")
    assert row["error"] == "ConnectionRefusedError: no mailbox here"


@pytest.mark.parametrize("client", ["sqlite"], indirect=True)
def test_no_connection_is_held_while_the_task_works(
    client: TestClient,
) -> None:
    """The request's session gave its connection back with its commit."""
    pool = stage.get_session_factory().kw["bind"].pool
    checked_out: list[int] = []
    app.dependency_overrides[stage.get_task_tracker] = lambda: (
        lambda _log_id, _work: checked_out.append(pool.checkedout())
    )
    client.post("/run-task/report")
    assert checked_out == [0]


@pytest.fixture
def impatient(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let SQLite wait a hundredth of a second for a lock, not thirty."""
    path = data_dir / "impatient.db"
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}?timeout=0.01")
    return path


@pytest.mark.parametrize("client", ["sqlite"], indirect=True)
def test_a_task_is_done_although_it_cannot_be_recorded(
    impatient: Path, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Another program locks the database: the log says what is missing."""
    log_id = scheduled("report")
    done: list[str] = []
    other = sqlite3.connect(impatient)
    other.execute("BEGIN EXCLUSIVE")
    tracker()(log_id, lambda _session: done.append("report"))
    other.close()
    assert done == ["report"]
    assert caplog.messages == [
        f"Task {log_id}: status started not recorded",
        f"Task {log_id}: status completed not recorded",
    ]
    (row,) = rows(client)
    assert row["status"] == "scheduled"
