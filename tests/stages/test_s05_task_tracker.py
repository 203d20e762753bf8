"""Stage 5: every task leaves a record, whatever becomes of it."""

import json
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
from tests.servers import REAL, Live

Row = dict[str, Any]


@pytest.fixture(params=REAL)
def client(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    """Run the stage on an empty database, once for each kind."""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql")
        monkeypatch.setenv("DATABASE_URL", url)
    forget()
    with TestClient(app) as client:
        yield client
    new_session = stage.get_session_factory()
    with new_session() as db:
        stage.Base.metadata.drop_all(db.get_bind())
        db.get_bind().engine.dispose()
    forget()


def forget() -> None:
    """Let what is cached for a process's life last for one test."""
    stage.get_email_config.cache_clear()
    stage.get_session_factory.cache_clear()
    app.dependency_overrides.clear()


def rows(client: TestClient) -> list[Row]:
    """Return what the course's reader sees."""
    found: list[Row] = client.get("/task-logs/").json()
    return found


def test_a_task_is_recorded_as_completed(client: TestClient) -> None:
    """The row has its times in UTC, and no error."""
    response = client.post("/run-task/report")
    assert response.status_code == 200
    assert response.json() == {"message": "Task 'report' scheduled"}
    (row,) = rows(client)
    assert row["task_name"] == "report"
    assert row["status"] == "completed"
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
    assert row["status"] == "failed"
    assert "IntegrityError" in row["error"]
    assert row["completed_at"] is not None
    (record,) = caplog.records
    assert record.exc_info


def test_what_a_failing_task_wrote_is_undone(client: TestClient) -> None:
    """The failure's record is another transaction than the work."""

    def work(db: Session) -> None:
        db.add(stage.TaskLog(task_name="half of the work"))
        db.flush()
        raise ValueError("no more")

    with stage.get_session_factory()() as db:
        log_id = stage.schedule("two halves", db)
    tracker = stage.get_task_tracker(
        stage.get_session_factory(), stage.get_logger()
    )
    tracker(log_id, work)
    (row,) = rows(client)
    assert (row["task_name"], row["status"]) == ("two halves", "failed")
    assert row["error"] == "ValueError: no more"


def test_the_row_can_be_read_while_the_task_runs(
    client: TestClient, live: Live
) -> None:
    """The record is committed before the response, then says "started"."""
    started, held = threading.Event(), threading.Event()

    def hold(_session: Session) -> None:
        started.set()
        assert held.wait(10)

    real = stage.get_task_tracker(
        stage.get_session_factory(), stage.get_logger()
    )
    app.dependency_overrides[stage.get_task_tracker] = lambda: (
        lambda log_id, _task: real(log_id, hold)
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
        lambda _log_id, _task: None
    )
    client.post("/run-task/report")
    (row,) = rows(client)
    assert (row["status"], row["completed_at"]) == ("scheduled", None)


def test_an_email_that_cannot_be_sent_is_recorded(client: TestClient) -> None:
    """Tracking wraps any task: the service raises, the tracker records."""

    def refuse(_content: stage.EmailContent) -> None:
        raise ConnectionRefusedError("no mailbox here")

    app.dependency_overrides[stage.get_email_service] = lambda: refuse
    content = {"subject": "Hi", "body": "", "recipients": ["ada@example.com"]}
    response = client.post("/send-email/", json=content)
    assert response.json()["status"] == "success"
    (row,) = rows(client)
    assert (row["task_name"], row["status"]) == ("send-email", "failed")
    assert row["error"] == "ConnectionRefusedError: no mailbox here"


@pytest.mark.parametrize("name", ["report", "René's 🎉", "a b", "x" * 100])
def test_any_printable_name_is_taken(client: TestClient, name: str) -> None:
    """The name comes back as it was given."""
    assert client.post(f"/run-task/{name}").status_code == 200
    assert [row["task_name"] for row in rows(client)] == [name]


@pytest.mark.parametrize("name", ["%0A", "a%00b", "%E2%80%A8", "x" * 101])
def test_other_names_start_no_task(client: TestClient, name: str) -> None:
    """Nothing is recorded that could not be shown."""
    assert client.post(f"/run-task/{name}").status_code == 422
    assert rows(client) == []


def test_the_latest_hundred_are_shown_newest_last(client: TestClient) -> None:
    """A long history does not make a long answer."""
    with stage.get_session_factory().begin() as db:
        db.add_all(stage.TaskLog(task_name=str(n)) for n in range(150))
    names = [row["task_name"] for row in rows(client)]
    assert names == [str(n) for n in range(50, 150)]


@pytest.mark.parametrize("client", ["sqlite"], indirect=True)
def test_no_connection_is_held_while_the_task_works(
    client: TestClient,
) -> None:
    """The request's database session gave its connection back."""
    pool = stage.get_session_factory().kw["bind"].pool
    seen: list[int] = []
    app.dependency_overrides[stage.get_task_tracker] = lambda: (
        lambda _log_id, _task: seen.append(pool.checkedout())
    )
    client.post("/run-task/report")
    assert seen == [0]


def lock(data_dir: Path) -> sqlite3.Connection:
    """Hold the database's only write lock, as another program might."""
    other = sqlite3.connect(data_dir / "s05_task_tracker.db")
    other.execute("BEGIN EXCLUSIVE")
    return other


@pytest.fixture
def impatient(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let SQLite wait a hundredth of a second for a lock, not thirty."""
    path = data_dir / "s05_task_tracker.db"
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}?timeout=0.01")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("client", ["sqlite"], indirect=True)
def test_a_locked_database_is_a_503_and_one_line(
    client: TestClient, data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The client is told to come back, the log why; then all is well."""
    other = lock(data_dir)
    response = client.post("/run-task/report")
    other.close()
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    (record,) = caplog.records
    assert "database is locked" in record.getMessage()
    assert record.exc_info is None
    assert client.post("/run-task/report").status_code == 200


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("client", ["sqlite"], indirect=True)
def test_an_end_that_cannot_be_recorded_is_logged(
    client: TestClient, data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The task is not undone, nothing is raised, one line tells."""
    factory = stage.get_session_factory()
    with factory() as db:
        log_id = stage.schedule("report", db)
    held: list[sqlite3.Connection] = []

    def work(_session: Session) -> None:
        held.append(lock(data_dir))

    stage.get_task_tracker(factory, stage.get_logger())(log_id, work)
    held[0].close()
    (record,) = caplog.records
    assert f"Task {log_id} completed, not recorded" in record.getMessage()
    assert record.exc_info is None


def test_a_lone_surrogate_is_a_422(client: TestClient) -> None:
    """What has no UTF-8 form is refused, and is no 500."""
    body = {"subject": "half a \ud83d pair", "body": "", "recipients": []}
    response = client.post(
        "/send-email/",
        content=json.dumps(body),
        headers={"content-type": "application/json"},
    )
    assert response.status_code == 422
    assert rows(client) == []
