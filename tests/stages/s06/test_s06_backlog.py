"""A backlog is seen, and it is limited."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from stages.s06_at_work.app import create_app
from stages.s06_at_work.backlog import limit
from stages.s06_at_work.database import TaskLog, get_session_factory
from stages.s06_at_work.queue import Queue, enqueue, publish_overdue
from stages.s06_at_work.tasks import call, get_tasks, overrides, run_task
from tests.stages.s06.rows import WORK, Factory, add

A_SECOND_LATER = sa.text(
    "UPDATE task_logs SET updated_at = datetime(updated_at, '-1 second')"
)


class Messages(Queue):
    """A broker that keeps all messages, for a worker that comes later."""

    def __init__(self) -> None:
        self.log_ids: list[int] = []

    def publish(self, log_id: int) -> None:
        """Keep a row's ID."""
        self.log_ids.append(log_id)


def test_number_and_age_of_waiting_rows_are_shown(client: TestClient) -> None:
    """They come from the database, by its clock; others are not counted."""
    assert client.get("/health").json() == {"waiting": 0, "oldest_seconds": 0}
    factory = get_session_factory()
    add(factory, status="started")
    with factory.begin() as session:
        now = session.scalars(sa.select(sa.func.now())).one()
    add(factory, updated_at=now - timedelta(hours=1))
    add(factory)
    health = client.get("/health").json()
    assert health["waiting"] == 2
    assert health["oldest_seconds"] >= 3600


def test_above_the_limit_a_request_is_asked_to_come_back(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with Retry-After; accepted again when the rows are fewer."""
    monkeypatch.setenv("TASK_MAX_WAITING", "2")
    with TestClient(create_app("Stage 0", Messages())) as client:
        for status in (200, 200, 503):
            limit.next_look = 0
            response = client.post("/run-task/report")
            assert response.status_code == status
        assert response.headers["retry-after"] == "10"
        assert response.json() == {"detail": "Too many tasks are waiting"}
        with get_session_factory().begin() as session:
            session.execute(sa.update(TaskLog).values(status="completed"))
        limit.next_look = 0
        assert client.post("/run-task/report").status_code == 200


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_backlog_is_gone_as_soon_as_the_workers_speed_allows(
    session_factory: Factory,
) -> None:
    """Away for 120 s at 40 % of its capacity, a worker needs 80 s more.

    Time is counted and not waited for: each turn of the loop is a second, by
    which the rows grow older. Each task has one message, however long it
    waits: with more of them, the backlog would feed itself.
    """
    queue, done, seconds = Messages(), 0, 0
    overrides[get_tasks] = lambda: {"run-task": lambda *_: None}
    while seconds < 120 or done < len(queue.log_ids):
        if seconds % 30 == 0:  # TASK_PUBLISH_AFTER
            call(publish_overdue, queue)
        with session_factory() as session:
            for _ in range(2):
                log = TaskLog(**WORK, payload={"task_name": "report"})
                enqueue(session, queue, log)
        if seconds >= 120:
            for log_id in queue.log_ids[done : done + 5]:
                call(run_task, log_id)
                done += 1
        with session_factory.begin() as session:
            session.execute(A_SECOND_LATER)
        seconds += 1
        assert seconds < 400
    assert seconds == 120 + 80
    assert len(queue.log_ids) == 2 * seconds
