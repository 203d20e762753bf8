"""Stage 10: job and data are one transaction; a worker loses no job."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from course.database import PostgreSQL
from stages.s06_at_work.database import Base, TaskLog
from stages.s06_at_work.queue import enqueue
from stages.s10_procrastinate import queue

pytestmark = pytest.mark.timeout(300)
ROOT = Path(__file__).parents[2]
PATIENCE = 120


@pytest.fixture
def url(postgresql: str) -> Iterator[str]:
    """Give a database of the test's own."""
    name = f"stage10_{time.time_ns()}"
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    yield postgresql.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def session(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """Give a session; the tables are there."""
    monkeypatch.setattr(queue, "url", sa.make_url(url))
    engine = sa.create_engine(url)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        queue.prepare_queue(session)
        queue.prepare_queue(session)  # a second start changes nothing
        yield session
    engine.dispose()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that another user may enter: root's server is theirs."""
    with tempfile.TemporaryDirectory(prefix="postgresql-") as path:
        Path(path).chmod(0o755)
        yield Path(path)


StartWorker = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[StartWorker]:
    """Start a worker in a folder of its own; it is killed after the test."""
    started = []

    def start(url: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "stages.s10_procrastinate.worker"],
            cwd=tmp_path,
            env={
                **os.environ,
                "DATABASE_URL": url,
                "PYTHONPATH": str(ROOT),
                "PYTHONWARNINGS": "error",
                "TASK_TIME_LIMIT": "60",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def work(name: str = "work") -> TaskLog:
    """Make a row for a task of a tenth of a second."""
    payload = {"task_name": name}
    return TaskLog(kind="run-task", task_name=name, payload=payload)


def count(session: Session, what: str) -> int:
    """Count rows, and let the transaction go."""
    query = sa.text(f"SELECT count(*) FROM {what}")  # noqa: S608 (our own)
    number = session.scalars(query).one()
    session.rollback()
    assert isinstance(number, int)
    return number


def wait(session: Session, what: str, number: int) -> None:
    """Wait until so many rows are there."""
    end = time.monotonic() + PATIENCE
    while count(session, what) != number:
        assert time.monotonic() < end, count(session, what)
        time.sleep(0.05)


def test_a_rollback_takes_the_job_with_the_data(session: Session) -> None:
    """There is neither a row nor a job; after a commit there are both."""
    log = work()
    session.add(log)
    session.flush()
    assert queue.ProcrastinateQueue().publish_in(session, log.id)
    session.rollback()
    assert count(session, "task_logs") == 0
    assert count(session, "procrastinate_jobs") == 0
    enqueue(session, queue.ProcrastinateQueue(), work())
    assert count(session, "task_logs WHERE published_at IS NOT NULL") == 1
    assert count(session, "procrastinate_jobs") == 1


def test_a_lost_connection_is_the_session_s_own_error(
    session: Session,
) -> None:
    """Stage 6 answers 503 for it; the engine's own error would be a 500."""
    log = work()
    session.add(log)
    session.flush()
    number = session.scalar(sa.text("SELECT pg_backend_pid()"))
    with psycopg.connect(
        session.get_bind().url.render_as_string(hide_password=False)  # type: ignore[union-attr]
    ) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [number])
    with pytest.raises(sa.exc.OperationalError):
        queue.ProcrastinateQueue().publish_in(session, log.id)
    session.invalidate()


def test_people_come_before_the_rest(session: Session) -> None:
    """A notification that was accepted later is fetched first."""
    notification = TaskLog(
        kind="send-notification",
        task_name="send-notification",
        payload={"email": "ada@example.com", "message": "Hello"},
    )
    enqueue(session, queue.ProcrastinateQueue(), work(), notification)
    query = "SELECT args->>'log_id' FROM procrastinate_jobs"
    order = sa.text(f"{query} ORDER BY priority DESC, id")
    log_id, _ = session.scalars(order)
    assert int(log_id) == notification.id


def test_two_workers_start_at_once_and_quietly_and_run_each_task_once(
    url: str, session: Session, start_worker: StartWorker
) -> None:
    """Their output holds our own log's lines alone; SIGTERM ends them."""
    with session.get_bind().connect() as connection:  # type: ignore[union-attr]
        connection.exec_driver_sql("DROP TABLE procrastinate_jobs CASCADE")
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
        connection.commit()
    workers = [start_worker(url), start_worker(url)]
    wait(session, "pg_tables WHERE tablename = 'procrastinate_jobs'", 1)
    wait(session, "procrastinate_workers", 2)
    logs = [work() for _ in range(40)]
    enqueue(session, queue.ProcrastinateQueue(), *logs)
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
    outputs = [worker.communicate(timeout=PATIENCE)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], outputs
    assert count(session, "procrastinate_jobs WHERE status = 'doing'") == 0
    assert count(session, "task_logs WHERE status = 'started'") == 0
    lines = "".join(outputs).splitlines()
    assert [line for line in lines if "background_tasks" not in line] == []
    start_worker(url)
    wait(session, "task_logs WHERE status = 'completed'", 40)
    assert count(session, "task_logs WHERE attempts = 1") == 40


def test_the_job_of_a_killed_worker_is_run_by_another(
    url: str, session: Session, start_worker: StartWorker
) -> None:
    """It is recovered when the heartbeat is too old, here at once."""
    worker = start_worker(url)
    wait(session, "procrastinate_workers", 1)
    enqueue(session, queue.ProcrastinateQueue(), *[work() for _ in range(60)])
    wait_for_one = "procrastinate_jobs WHERE status = 'doing'"
    end = time.monotonic() + PATIENCE
    while not count(session, wait_for_one):
        assert time.monotonic() < end
    worker.kill()
    worker.wait()
    assert count(session, wait_for_one)
    session.execute(
        sa.text("UPDATE procrastinate_workers SET last_heartbeat = 'epoch'")
    )
    session.commit()
    start_worker(url)
    wait(session, "task_logs WHERE status = 'completed'", 60)


def test_a_worker_outlives_its_database(
    open_folder: Path, start_worker: StartWorker
) -> None:
    """PostgreSQL is killed while tasks run, and started: all are done."""
    with PostgreSQL(open_folder) as server:
        start_worker(server.url)
        engine = sa.create_engine(server.url, pool_pre_ping=True)
        with Session(engine) as session:
            wait(
                session,
                "pg_tables WHERE tablename = 'procrastinate_workers'",
                1,
            )
            wait(session, "procrastinate_workers", 1)
            logs = [work() for _ in range(60)]
            enqueue(session, queue.ProcrastinateQueue(), *logs)
            server.kill()
        server.start()
        with Session(engine) as session:
            wait(session, "task_logs WHERE status = 'completed'", 60)
        engine.dispose()
