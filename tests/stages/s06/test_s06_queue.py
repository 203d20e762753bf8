"""The seam: a row is committed first, and then handed to an engine."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from stages.s06_at_work.app import app, create_app
from stages.s06_at_work.background import BackgroundQueue, QueueDep
from stages.s06_at_work.backlog import limit
from stages.s06_at_work.database import (
    SessionDep,
    TaskLog,
    get_session_factory,
)
from stages.s06_at_work.queue import (
    DatabaseQueue,
    Queue,
    enqueue,
    publish_overdue,
)
from stages.s06_at_work.tasks import call, get_tasks
from tests.stages.s06.rows import WORK, Factory, add, mark, read

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class FakeQueue(Queue):
    """Remembers what it was given; refuses it while it is `full`."""

    def __init__(self) -> None:
        self.log_ids: list[int] = []
        self.full = False

    def publish(self, log_id: int) -> None:
        """Take a row's ID."""
        if self.full:
            raise ConnectionError("OOM command not allowed")
        self.log_ids.append(log_id)


class InDatabase(DatabaseQueue):
    """Takes a row before it is committed."""

    def __init__(self) -> None:
        self.log_ids: list[int] = []

    def publish_in(self, session: Session, log_id: int) -> bool:
        """Take a row's ID, in the row's transaction."""
        assert session.in_transaction()
        self.log_ids.append(log_id)
        return True


@pytest.fixture
def queue() -> FakeQueue:
    """Give an engine that runs nothing."""
    return FakeQueue()


@pytest.fixture
def engine_client(database: str, queue: FakeQueue) -> Iterator[TestClient]:
    """Run the application of a later stage."""
    with TestClient(create_app("Stage 0", queue)) as client:
        yield client


def new_log() -> TaskLog:
    """Make a row that is not yet stored."""
    return TaskLog(**WORK, payload={"task_name": "report"})


def test_a_row_is_published_and_marked(
    engine_client: TestClient, queue: FakeQueue
) -> None:
    """The message is the row's ID."""
    engine_client.post("/run-task/report").raise_for_status()
    row = read(get_session_factory(), queue.log_ids[0])
    assert row.status == "scheduled"
    assert row.published_at is not None


@pytest.mark.parametrize("path", ["/run-task/a", "/send-notification/a@b.de"])
def test_after_the_commit_the_answer_is_a_success(
    engine_client: TestClient,
    queue: FakeQueue,
    caplog: pytest.LogCaptureFixture,
    path: str,
) -> None:
    """The broker is gone, or full: one line, and published later."""
    queue.full = True
    assert engine_client.post(path).status_code == 200
    (record,) = [r for r in caplog.records if r.name == "background_tasks"]
    assert "The broker takes no task now" in record.getMessage()
    factory = get_session_factory()
    assert read(factory, 1).published_at is None
    queue.full = False
    make_old(factory)
    call(publish_overdue, queue)
    assert queue.log_ids == [1]
    assert read(factory, 1).published_at is not None


def test_a_mark_that_fails_is_a_success(
    engine_client: TestClient, queue: FakeQueue
) -> None:
    """The database goes away after the commit: the task is accepted."""

    @sa.event.listens_for(
        get_session_factory().kw["bind"], "before_cursor_execute"
    )
    def fail(*arguments: Any) -> None:
        if arguments[2].startswith("UPDATE"):
            raise sa.exc.OperationalError("", None, Exception("gone"))

    assert engine_client.post("/run-task/report").status_code == 200
    assert queue.log_ids == [1]
    assert read(get_session_factory(), 1).published_at is None


def test_an_engine_in_the_database_takes_the_row_in_its_transaction(
    session_factory: Factory,
) -> None:
    """The row is marked when it is inserted; nothing follows the commit."""
    queue, statements = InDatabase(), list[str]()

    @sa.event.listens_for(session_factory.kw["bind"], "before_cursor_execute")
    def keep(*arguments: Any) -> None:
        statements.append(arguments[2].partition(" ")[0])

    with session_factory() as session:
        enqueue(session, queue, new_log(), new_log())
    assert queue.log_ids == [1, 2]
    assert "INSERT" in statements
    assert "UPDATE" not in statements
    assert read(session_factory, 2).published_at is not None


def test_an_engine_in_the_database_takes_a_row_that_was_revived(
    session_factory: Factory,
) -> None:
    """It is published in a transaction of its own, and marked."""
    queue = InDatabase()
    log_id = add(session_factory)
    make_old(session_factory)
    call(publish_overdue, queue)
    assert queue.log_ids == [log_id]
    assert read(session_factory, log_id).published_at is not None


def make_old(factory: Factory, seconds: float = 60) -> None:
    """Let time pass for all rows, by the database's clock."""
    with factory.begin() as session:
        now = session.scalars(sa.select(sa.func.now())).one()
        then = now - timedelta(seconds=seconds)
        session.execute(sa.update(TaskLog).values(updated_at=then))


@pytest.mark.parametrize(
    ("values", "seconds", "published"),
    [
        ({"status": "scheduled"}, 0, False),
        ({"status": "scheduled"}, 60, True),
        ({"status": "scheduled", "published_at": LONG_AGO}, 60, False),
        ({"status": "started"}, 60, False),
        ({"status": "failed"}, 60, False),
        ({"status": "scheduled", "published_at": LONG_AGO}, 8000, True),
        ({"status": "started", "published_at": LONG_AGO}, 8000, True),
        ({"status": "failed", "published_at": LONG_AGO}, 8000, True),
        ({"status": "completed"}, 8000, False),
        ({"status": "dead"}, 8000, False),
    ],
)
def test_only_what_the_broker_has_not_is_published_again(
    session_factory: Factory,
    queue: FakeQueue,
    values: dict[str, Any],
    seconds: int,
    *,
    published: bool,
) -> None:
    """A backlog is no reason: a row that was published waits for hours."""
    log_id = add(session_factory, **values)
    make_old(session_factory, seconds)
    for _ in range(2):  # a second round finds nothing more
        call(publish_overdue, queue)
    assert queue.log_ids == ([log_id] if published else [])


def test_a_broker_that_is_still_away_ends_the_round(
    session_factory: Factory,
    queue: FakeQueue,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One line for all rows; they stay for the next round."""
    for _ in range(3):
        add(session_factory)
    make_old(session_factory)
    queue.full = True
    call(publish_overdue, queue)
    assert caplog.text.count("The broker takes no task now") == 1
    queue.full = False
    call(publish_overdue, queue)
    assert queue.log_ids == [1, 2, 3]


def test_enqueue_from_anywhere(database: str) -> None:
    """From `def`, `async def`, another task and a script alike."""
    extra = FastAPI()
    extra.state.queue = None

    @extra.post("/def")
    def in_a_thread(session: SessionDep, queue: QueueDep) -> None:
        enqueue(session, queue, new_log())

    @extra.post("/async-def")
    async def in_the_loop(session: SessionDep, queue: QueueDep) -> None:
        enqueue(session, queue, new_log())

    def work(session: Session, payload: Any) -> None:
        mark(session, payload)
        if payload.task_name == "first":
            enqueue(session, BackgroundQueue(), new_log())

    app.dependency_overrides[get_tasks] = lambda: {"run-task": work}
    with TestClient(app), TestClient(extra) as client:
        assert client.post("/def").status_code == 200
        assert client.post("/async-def").status_code == 200
        factory = get_session_factory()
        log = TaskLog(**WORK, payload={"task_name": "first"})
        with factory() as session:
            enqueue(session, BackgroundQueue(), log)  # a script
            query = sa.select(TaskLog.status).where(TaskLog.kind == "run-task")
            assert session.scalars(query).all() == ["completed"] * 4


@pytest.mark.parametrize(
    ("queue", "expected"),
    [
        (None, ["INSERT", "UPDATE", "UPDATE"]),
        (FakeQueue(), ["INSERT", "UPDATE"]),
    ],
)
def test_a_post_is_one_insert(
    database: str, queue: Queue | None, expected: list[str]
) -> None:
    """Then one statement marks it published, or two run the task here."""
    statements: list[str] = []
    with TestClient(create_app("Stage 0", queue)) as client:
        client.post("/run-task/report")  # looks at the backlog, too
        limit.next_look += 60
        sa.event.listen(
            get_session_factory().kw["bind"],
            "before_cursor_execute",
            lambda *arguments: statements.append(arguments[2].split()[0]),
        )
        client.post("/run-task/report").raise_for_status()
    assert statements == expected
