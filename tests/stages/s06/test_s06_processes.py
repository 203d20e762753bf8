"""Connections belong to one process, with PgBouncer or without."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from course.ports import listen, number_of
from stages.s06_at_work.app import app
from stages.s06_at_work.database import get_session_factory
from stages.s06_at_work.tasks import call, run_task
from tests.stages.s06.freezing import server_of
from tests.stages.s06.rows import Factory, add, read

PID = sa.text("SELECT pg_backend_pid()")
COUNT = b"SELECT count(*) FROM pg_stat_activity WHERE datname = %s"


def count_connections(admin: psycopg.Connection, url: str) -> int:
    """Count a database's connections, as its server sees them."""
    name = sa.make_url(url).database
    row = admin.execute(COUNT, [name]).fetchone()
    assert row
    return int(row[0])


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_fork_shares_no_connection_and_leaves_none(
    session_factory: Factory, database: str, postgresql: str
) -> None:
    """As RQ's work horse does: fork, run a task, end without clean-up."""
    log_id = add(session_factory)
    with session_factory() as session:
        parent = session.scalar(PID)
    child = os.fork()
    if child == 0:  # the work horse
        status = 1
        try:
            with session_factory() as session:
                assert session.scalar(PID) != parent
            call(run_task, log_id)
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert read(session_factory, log_id).status == "completed"
    with session_factory() as session:
        assert session.scalar(PID) == parent
    with psycopg.connect(postgresql, autocommit=True) as admin:
        while count_connections(admin, database) > 1:
            time.sleep(0.05)  # until the server has seen the child's end


INI = """
[databases]
{name} = host={host} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
"""


@pytest.fixture
def pooled(new_postgresql: str) -> Iterator[str]:
    """Run PgBouncer, as large installations do: a transaction, a server."""
    bouncer = "/usr/sbin/pgbouncer"
    if not Path(bouncer).exists():
        pytest.skip("no PgBouncer here: apt install pgbouncer")
    url = sa.make_url(new_postgresql)
    with listen(0) as free:
        port = number_of(free)
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as folder:
        Path(folder).chmod(0o755)  # root may run it as somebody else alone
        ini = Path(folder, "pgbouncer.ini")
        ini.write_text(
            INI.format(
                name=url.database,
                user=url.username,
                host=url.query["host"],
                port=port,
            )
        )
        command = [bouncer, str(ini)]
        if os.getuid() == 0:
            command[1:1] = ["-u", server_of(new_postgresql).username()]
        with subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr
            for line in process.stderr:
                if "process up" in line:
                    break
            yield f"postgresql://{url.username}@127.0.0.1:{port}/{url.database}"
            process.kill()


def test_connections_may_be_pooled_by_pgbouncer(
    pooled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each transaction may meet another server: nothing is kept there."""
    monkeypatch.setenv("DATABASE_URL", pooled)
    with TestClient(app) as client:
        for _ in range(10):
            assert client.post("/run-task/report").status_code == 200
        rows = client.get("/task-logs/").json()
    assert [row["status"] for row in rows] == ["completed"] * 10
    assert get_session_factory().kw["bind"].name == "postgresql"
