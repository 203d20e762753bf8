"""Connections belong to one process, with PgBouncer or without."""

import os
import signal
import subprocess
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


@pytest.fixture
def pooled(new_postgresql: str, tmp_path: Path) -> Iterator[str]:
    """Run PgBouncer, as large installations do: a transaction, a server."""
    bouncer = "/usr/sbin/pgbouncer"
    if not Path(bouncer).exists():
        pytest.skip("no PgBouncer here: apt install pgbouncer")
    url = sa.make_url(new_postgresql)
    with listen(0) as free:
        port = number_of(free)
    folder = tmp_path / "pgbouncer"
    folder.mkdir()
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n{url.database} = host={url.query['host']}"
        f" user=postgres\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        "auth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n"
        f"unix_socket_dir =\nlogfile = {folder}/log\n"
    )
    folder.chmod(0o777)  # where root runs the tests, somebody else runs it
    for parent in folder.parents[:3]:
        parent.chmod(0o755)
    command = [bouncer, str(folder / "pgbouncer.ini")]
    if os.getuid() == 0:
        command[1:1] = ["-u", "nobody"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as it:
        assert it.stderr
        for line in it.stderr:
            if "process up" in line:
                break
        yield f"postgresql://postgres@127.0.0.1:{port}/{url.database}"
        it.send_signal(signal.SIGINT)


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
