"""A database that is away: 503 with Retry-After, then all is well again."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx2
import psycopg
import pytest
from fastapi.testclient import TestClient

from course.workers import until
from stages.s06_at_work.app import app
from stages.s06_at_work.database import get_session_factory
from tests.servers import Live
from tests.stages.s06.freezing import frozen


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a statement take three seconds at most."""
    monkeypatch.setenv("DATABASE_TIME_OUT", "3")


@pytest.fixture
def postgresql_url(
    new_postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Set DATABASE_URL to an empty PostgreSQL database."""
    monkeypatch.setenv("DATABASE_URL", new_postgresql)
    return new_postgresql


@pytest.fixture
def client(folder: object) -> Iterator[TestClient]:
    """Run the application on whatever DATABASE_URL names by then."""
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def assert_try_later(response: httpx2.Response) -> None:
    """Check that the client is asked to come back, and not told why."""
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.json() == {"detail": "The database is not available"}


def assert_fine(client: TestClient) -> None:
    """Check that the process recovered by itself."""
    assert client.post("/run-task/report").status_code == 200


def test_a_frozen_server_is_a_503(postgresql_url: str, live: Live) -> None:
    """Neither the statement nor the roll-back nor a new connection hangs."""
    with live(app) as client:
        client.post("/run-task/report").raise_for_status()
        with frozen(postgresql_url):
            assert_try_later(client.post("/run-task/report", timeout=60))
            assert_try_later(client.post("/run-task/report", timeout=60))
        assert client.post("/run-task/report", timeout=60).status_code == 200


DISCONNECT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid != pg_backend_pid()"
)
READ_ONLY = "ALTER ROLE CURRENT_USER SET default_transaction_read_only = {}"


def test_a_server_that_reads_only_is_left(
    postgresql_url: str, request: pytest.FixtureRequest
) -> None:
    """After a fail-over the old connections are closed, not used again."""
    client = request.getfixturevalue("client")
    assert_fine(client)
    with psycopg.connect(postgresql_url, autocommit=True) as admin:
        admin.execute(READ_ONLY.format("on").encode())
        try:
            admin.execute(DISCONNECT)
            assert_try_later(client.post("/run-task/report"))
        finally:
            admin.execute("SET default_transaction_read_only = off")
            admin.execute(READ_ONLY.format("off").encode())
    assert_fine(client)


def test_a_restarted_server_costs_no_request(
    postgresql_url: str, request: pytest.FixtureRequest
) -> None:
    """Closed connections are found before they are used."""
    client = request.getfixturevalue("client")
    assert_fine(client)
    with psycopg.connect(postgresql_url, autocommit=True) as admin:
        admin.execute(DISCONNECT)
    assert_fine(client)


def test_a_locked_table_is_a_503_and_leaves_no_statement(
    postgresql_url: str, request: pytest.FixtureRequest
) -> None:
    """A statement that waits for too long is cancelled in the server."""
    client = request.getfixturevalue("client")
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname ="
        " current_database() AND wait_event_type = 'Lock'"
    )
    with (
        psycopg.connect(postgresql_url) as other,
        psycopg.connect(postgresql_url, autocommit=True) as admin,
    ):
        other.execute("LOCK TABLE task_logs")
        assert_try_later(client.post("/run-task/report"))
        until(lambda: admin.execute(waiting).fetchone() == (0,))
    assert_fine(client)


@pytest.mark.parametrize("threads", [45])
def test_a_locked_file_is_a_503_for_all(
    client: TestClient, live: Live, threads: int
) -> None:
    """More requests than connections: who gets none is told the same."""
    with (
        live(app) as browser,
        closing(sqlite3.connect("data/tasks.db")) as other,
        ThreadPoolExecutor(threads) as pool,
    ):
        other.execute("BEGIN EXCLUSIVE")
        responses = pool.map(
            lambda _: browser.post("/run-task/report", timeout=60),
            range(threads),
        )
        for response in responses:
            assert_try_later(response)
        other.rollback()
        assert browser.post("/run-task/report").status_code == 200


def test_a_pool_in_use_is_a_503(
    database: str, monkeypatch: pytest.MonkeyPatch, live: Live
) -> None:
    """The only connection is held elsewhere."""
    monkeypatch.setenv("DATABASE_POOL_SIZE", "1")
    with live(app) as client:
        with get_session_factory()() as session:
            session.connection()
            assert_try_later(client.post("/run-task/report", timeout=60))
        assert client.post("/run-task/report", timeout=60).status_code == 200
