"""A backlog is seen, and it is limited."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from stages.s06_at_work.app import create_app
from stages.s06_at_work.backlog import limit
from stages.s06_at_work.database import TaskLog, get_session_factory
from stages.s06_at_work.queue import Queue
from tests.stages.s06.rows import add


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
    with TestClient(create_app("Stage 0", Queue())) as client:
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
