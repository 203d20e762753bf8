"""Stage 10: job and data are one transaction; a worker outlives its database."""

import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from course.database import PostgreSQL
from course.processes import NoServerError
from stages.s06_at_work.database import TaskLog
from stages.s10_procrastinate.worker import ProcrastinateQueue
from tests.servers import REAL
from tests.stages.engines.house import PATIENCE, Engine, House, until

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif("postgresql" not in REAL, reason="not installed here"),
]
STAGE = Engine("s10_procrastinate", "postgresql", scheduler=False)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    """Run a server of its own: it is frozen and killed here.

    Its folder is one that another user may enter: root's server is theirs.
    """
    with tempfile.TemporaryDirectory(prefix="postgresql-") as path:
        Path(path).chmod(0o755)
        with PostgreSQL(Path(path)) as server:
            yield server


@pytest.fixture(scope="module")
def house(
    server: PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """Run application and worker, which start together, on this server."""
    folder = tmp_path_factory.mktemp("stage10")
    house = House(STAGE, folder, {"DATABASE_URL": server.url})
    try:
        house.start()
        yield house
    finally:
        house.end()


def logs(kind: str, count: int) -> list[TaskLog]:
    """Make rows that no worker knows how to run."""
    return [
        TaskLog(kind=kind, task_name=kind, payload={}) for _ in range(count)
    ]


def test_a_rollback_takes_the_job_with_the_data(house: House) -> None:
    """There is neither a row nor a job; after a commit there are both."""
    jobs = sa.text("SELECT id FROM procrastinate_jobs WHERE task_name = 'run'")
    with Session(house.database) as session:
        (log,) = logs("rolled-back", 1)
        session.add(log)
        session.flush()
        assert ProcrastinateQueue().publish_in(session, log.id)
        assert session.scalars(jobs).all()
        session.rollback()
        assert not session.scalars(jobs).all()
        assert not session.scalars(sa.select(TaskLog)).all()
    house.post("/run-task/report")
    house.until_done(house.row().id)


def test_a_connection_that_is_lost_before_the_job_is_the_sessions_error(
    house: House,
) -> None:
    """So that the client gets a 503, as for a connection lost elsewhere."""
    with Session(house.database) as session:
        (log,) = logs("run-task", 1)
        session.add(log)
        session.flush()
        ended = sa.select(
            sa.func.pg_terminate_backend(
                session.scalar(sa.select(sa.func.pg_backend_pid()))
            )
        )
        with house.database.connect() as other:
            assert other.scalar(ended)
        with pytest.raises(sa.exc.OperationalError):
            ProcrastinateQueue().publish_in(session, log.id)
        session.invalidate()


def test_people_come_before_the_rest(house: House) -> None:
    """A notification that was accepted later is fetched first."""
    rows = [*logs("run-task", 1), *logs("send-notification", 1)]
    query = "SELECT args->>'log_id' FROM procrastinate_jobs"
    order = f"{query} WHERE task_name = 'run' ORDER BY priority DESC, id"
    with Session(house.database, expire_on_commit=False) as session:
        session.add_all(rows)
        session.flush()
        for row in rows:
            ProcrastinateQueue().publish_in(session, row.id)
        first, second = session.scalars(sa.text(order))
        assert (int(first), int(second)) == (rows[1].id, rows[0].id)
        session.rollback()


def test_a_row_that_was_revived_is_done(house: House) -> None:
    """No job is left for it: the outbox job publishes it again."""
    house.post("/run-task/report")
    log_id = house.row().id
    house.until_done(log_id)
    revived = sa.update(TaskLog).where(TaskLog.id == log_id)
    with house.database.begin() as connection:
        connection.execute(
            revived.values(
                status="scheduled",
                published_at=None,
                updated_at=sa.func.now() - timedelta(days=1),
            )
        )
    assert house.until_done(log_id).published_at


def test_the_daily_report_is_a_task_that_a_worker_enqueues(
    house: House,
) -> None:
    """It is due at six; here its job is inserted at once."""
    with house.database.begin() as connection:
        connection.exec_driver_sql(
            "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('stage10', 'report',"
            " 0, NULL, NULL, '{\"timestamp\": 0}'::jsonb, NULL)"
            "::procrastinate_job_to_defer_v1])"
        )
    names = sa.select(TaskLog.task_name)
    with house.database.connect() as connection:
        until(lambda: "daily report" in connection.scalars(names).all())
    house.until_done(house.row().id)


@pytest.mark.recovery
def test_with_a_frozen_database_a_request_is_refused_and_the_worker_goes_on(
    house: House, server: PostgreSQL
) -> None:
    """The answer is a 503 within seconds; afterwards all is as before."""
    assert server.program
    assert house.client
    postmaster = psutil.Process(server.program.process.pid)
    processes = [postmaster, *postmaster.children()]
    for process in processes:
        process.suspend()
    try:
        began = time.monotonic()
        response = house.client.post("/run-task/report")
        assert response.status_code == 503, response.text
        assert time.monotonic() - began < 60
    finally:
        for process in processes:
            process.resume()
    house.post("/run-task/report")
    house.until_done(house.row().id)


@pytest.mark.recovery
def test_a_worker_outlives_its_database(
    house: House, server: PostgreSQL
) -> None:
    """PostgreSQL is killed while tasks run, and started: all are done."""
    for _ in range(60):
        house.post("/run-task/report")
    server.kill()

    def started() -> bool:
        try:
            server.start()
        except NoServerError:  # its last process has not ended yet
            return False
        return True

    until(started)
    house.database.dispose()  # its connections are lost
    until(lambda: not house.unfinished(), house.unfinished)
    assert house.worker.poll() is None


def test_its_output_is_that_of_our_own_log(house: House) -> None:
    """A worker that starts, works and is told to end says nothing."""
    query = sa.text("SELECT count(*) FROM procrastinate_workers")

    def count() -> int:
        with house.database.connect() as connection:
            number = connection.scalars(query).one()
            assert isinstance(number, int)
            return number

    before = count()
    module = "stages.s10_procrastinate.worker"
    worker = house.run("quiet", "-W", "error", "-m", module)
    until(lambda: count() > before, lambda: house.log("quiet"))
    for _ in range(20):
        house.post("/run-task/report")
    until(lambda: not house.unfinished(), house.unfinished)
    worker.terminate()
    assert worker.wait(PATIENCE) == 0
    assert house.log("quiet") == ""
