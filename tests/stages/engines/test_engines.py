"""What every engine promises, whatever goes away."""

import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
import redis
import sqlalchemy as sa
import trustme

from stages.s06_at_work.database import TaskLog
from tests.servers import REAL
from tests.stages.engines.house import (
    EMAIL,
    ENGINES,
    ON_REDIS,
    PATIENCE,
    Engine,
    House,
    until,
)
from tests.stages.engines.tls import tls_in_front_of

pytestmark = pytest.mark.timeout(600)
ANYWHERE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from fastapi.concurrency import run_in_threadpool
from fastapi.testclient import TestClient
from stages.s06_at_work.database import TaskLog, get_session_factory
from stages.s06_at_work.queue import enqueue

app = import_module(f"stages.{sys.argv[1]}.app").app

def publish(_=None):
    payload = {"task_name": "anywhere"}
    log = TaskLog(kind="run-task", task_name="anywhere", payload=payload)
    with get_session_factory()() as session:
        enqueue(session, app.state.queue, log)

async def endpoint():
    publish()
    await run_in_threadpool(publish)

app.add_api_route("/anywhere", endpoint)
TestClient(app).get("/anywhere").raise_for_status()
with ThreadPoolExecutor(8) as threads:
    list(threads.map(publish, range(8)))
"""
CONNECTIONS = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
"""
every_engine = pytest.mark.parametrize(
    "engine", ENGINES, ids=str, scope="module"
)
every_broker = pytest.mark.parametrize(
    "engine", ON_REDIS, ids=str, scope="module"
)


def keys(house: House) -> dict[bytes, object]:
    """Return what the broker holds: each key with its serialized value."""
    assert house.broker
    with redis.Redis.from_url(house.broker.url) as client:
        return {key: client.dump(key) for key in client.scan_iter()}


@every_broker
def test_messages_of_another_application_stay(house: House) -> None:
    """Others may use the same Redis, with the engine's default names."""
    assert house.broker
    message = json.dumps(["message", "celery", "celery"])
    with redis.Redis.from_url(house.broker.url) as client:
        client.lpush("celery", message)
        client.hset("unacked", "tag", message)
        client.zadd("unacked_index", {"tag": time.time() - 100_000})
        client.lpush("rq:queue:default", "job")
        client.xadd("taskiq", {"data": message})
    others = keys(house)
    for _ in range(3):
        house.post("/run-task/report")
        house.until_done(house.row().id)
    left = keys(house)
    for key in (b"celery", b"unacked", b"rq:queue:default", b"taskiq"):
        assert left[key] == others[key]


@every_engine
def test_a_worker_runs_what_a_request_accepts(house: House) -> None:
    """The application answers; a worker does the work, once."""
    house.post("/send-notification/once@example.com")
    row = house.until_done(house.row().id)
    assert row.attempts == 1
    assert row.published_at
    text = (house.data / "notifications.txt").read_text("utf-8")
    assert text.count("once@example.com") == 1


@every_engine
def test_it_publishes_from_wherever_it_is_called(house: House) -> None:
    """Event loop, threads at once, script; a worker's task is the outbox job.

    All that was opened is closed: a warning is an error.
    """
    words = ("anywhere", "-c", ANYWHERE, house.engine.stage)
    process = house.run(*words, PYTHONWARNINGS="error")
    assert process.wait() == 0, house.log("anywhere")
    assert not re.search("Error|Warning|takes no", house.log("anywhere"))
    last = house.row().id
    for back in range(10):
        assert house.until_done(last - back).task_name == "anywhere"


@every_engine
def test_a_task_enqueues_another(house: House) -> None:
    """The worker publishes it itself, and does not leave it to the outbox."""
    house.kill(house.worker)
    module = "tests.stages.engines.publishing_worker"
    worker = house.run("publishing", "-m", module, house.engine.stage)
    try:
        house.post("/run-task/first")
        log_id = house.row().id
        house.until_done(log_id)
        second = house.until_done(log_id + 1)
    finally:
        house.kill(worker)
        house.start_worker()
    assert second.task_name == "second"
    assert "takes no task" not in house.log("publishing")


@every_engine
def test_a_backlog_is_no_reason_to_publish_again(house: House) -> None:
    """The worker was away: what waits for an hour has one message."""
    house.kill(house.worker)
    for _ in range(10):
        house.post("/run-task/report")
    last = house.row().id
    log_ids = range(last - 9, last + 1)
    published = [house.row(log_id).published_at for log_id in log_ids]
    assert all(published)
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    update = sa.update(TaskLog).where(TaskLog.status == "scheduled")
    with house.database.begin() as connection:
        connection.execute(update.values(updated_at=an_hour_ago))
    house.start_worker()
    rows = [house.until_done(log_id) for log_id in log_ids]
    assert [row.published_at for row in rows] == published


@every_broker
def test_a_retry_survives_worker_and_scheduler(house: House) -> None:
    """Both are killed while a task waits for its next attempt."""
    house.post("/send-email/", json=EMAIL)
    log_id = house.row().id
    house.until_row(lambda row: row.status == "failed", log_id)
    house.kill(house.worker)
    house.kill(house.scheduler)
    with house.mailbox():
        house.start_worker()
        house.scheduler = house.start_worker("scheduler")
        house.until_done(log_id)


@every_engine
def test_a_task_that_fails_is_tried_again_until_it_succeeds(
    house: House,
) -> None:
    """The mail server is away for two attempts."""
    house.post("/send-email/", json=EMAIL)
    log_id = house.row().id
    row = house.until_row(lambda row: row.attempts >= 2, log_id)
    assert row.error
    with house.mailbox() as mailbox:
        house.until_done(log_id)
        assert len(mailbox.wait_for(1)) == 1


@every_engine
def test_a_task_of_a_newer_version_waits_for_its_worker(house: House) -> None:
    """An unknown kind is tried again: a rolling deploy loses nothing.

    The row comes from a script, which has no request.
    """
    log_id = house.enqueue("new")
    row = house.until_row(lambda row: row.attempts >= 2, log_id)
    assert row.status in {"failed", "started"}
    with house.database.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE task_logs SET kind = 'run-task' WHERE kind = 'new'"
        )
    house.until_done(log_id)


@every_engine
def test_a_task_that_hangs_fails_at_its_time_limit(house: House) -> None:
    """Its row says so, and the worker takes the next task."""
    with house.task_that_hangs() as connection:
        first = connection()
        log_id = house.row().id
        row = house.until_row(lambda row: row.error is not None, log_id)
        assert re.search("limit|timeout", row.error.lower())
        first.close()
        house.post("/run-task/report")
        house.until_done(house.row().id)


@every_engine
def test_a_task_of_a_killed_worker_is_run_again(house: House) -> None:
    """The worker and all its processes are killed in the middle of it."""
    with house.task_that_hangs() as connection:
        first = connection()
        log_id = house.row().id
        house.kill(house.worker)
        attempts = house.row(log_id).attempts
        first.close()
        house.start_worker()
        connection().close()
        assert house.row(log_id).attempts > attempts


@every_engine
def test_sigterm_lets_the_running_task_end(house: House) -> None:
    """The worker waits for it, records how it ended, and exits with 0."""
    try:
        with house.task_that_hangs() as connection:
            first = connection()
            log_id = house.row().id
            worker = house.worker
            worker.send_signal(signal.SIGTERM)
            with pytest.raises(psutil.TimeoutExpired):
                worker.wait(1)
            first.close()
            assert worker.wait(PATIENCE) == 0
            # The next attempt may have been made before the worker ended.
            assert house.row(log_id).status in {"failed", "completed"}
            house.start_worker()
    finally:
        if house.worker.poll() is not None:
            house.start_worker()


@every_engine
def test_a_killed_worker_leaves_no_child(house: House) -> None:
    """Only its first process is killed; the others end by themselves."""
    with house.task_that_hangs(wait=False) as connection:
        connection()
        children = house.worker.children(recursive=True)
        house.worker.kill()
        house.worker.wait()
        _, alive = psutil.wait_procs(children, PATIENCE)
        house.start_worker()
        assert not alive


@contextmanager
def gone(house: House) -> Iterator[None]:
    """Kill the broker; start it again with what its file holds."""
    assert house.broker
    house.broker.kill()
    try:
        yield
    finally:
        house.broker.start()


@contextmanager
def frozen(house: House) -> Iterator[None]:
    """Stop the broker's process: it accepts connections and is silent."""
    assert house.broker
    assert house.broker.program
    number = house.broker.program.process.pid
    os.kill(number, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(number, signal.SIGCONT)


@every_broker
@pytest.mark.parametrize("away", [gone, frozen])
def test_without_a_broker_a_request_succeeds_and_its_task_is_done_later(
    house: House, away: Callable[[House], AbstractContextManager[None]]
) -> None:
    """The answer comes within a second; the outbox job publishes the row."""
    house.post("/run-task/report")
    house.until_done(house.row().id)
    lines = house.log("web.log").count("The broker takes no task now")
    with away(house):
        seconds = [house.post("/run-task/report") for _ in range(4)]
        log_ids = [house.row().id - back for back in range(4)]
        assert [house.row(log_id).published_at for log_id in log_ids] == (
            [None] * 4
        )
        # A wait of its own would be in each; a busy machine is in some.
        assert min(seconds) < 1
    assert house.log("web.log").count("The broker takes no task now") == (
        lines + 4
    )
    for log_id in log_ids:
        house.until_done(log_id)


@every_broker
def test_a_broker_that_pauses_costs_a_worker_nothing(house: House) -> None:
    """Six pauses of a second, while tasks run: none is stuck after it."""
    for _ in range(40):
        house.post("/run-task/report")
    last = house.row().id
    for _ in range(6):
        with frozen(house):
            time.sleep(1.2)
        time.sleep(0.3)  # the worker goes on in between
    for _ in range(4):
        house.post("/run-task/report")
    for log_id in range(last - 39, last + 5):
        house.until_done(log_id)


@every_broker
def test_a_broker_of_an_unknown_authority_gets_nothing(house: House) -> None:
    """`rediss://` is verified; with the authority's file it works."""
    assert house.broker
    assert house.broker.port
    authority = trustme.CA()
    file = house.folder / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    certificate = authority.issue_cert("localhost")
    with tls_in_front_of(house.broker.port, certificate) as port:
        settings = {"REDIS_URL": f"rediss://localhost:{port}"}
        log_id = house.enqueue(
            "run-task", **settings, TASK_PUBLISH_AFTER="9999"
        )
        assert "CERTIFICATE_VERIFY_FAILED" in house.log("script")
        assert "The broker takes no task now" in house.log("script")
        house.until_done(log_id)  # the outbox job knows the right address
        log_id = house.enqueue("run-task", **settings, SSL_CERT_FILE=str(file))
        assert house.log("script").count("takes no task") == 1
        house.until_done(log_id)


@every_broker
def test_nothing_is_left_in_the_broker_when_all_is_done(house: House) -> None:
    """Neither messages nor results, whatever has happened before.

    A new scheduler sends what Taskiq's could not send at its time.
    """
    house.kill(house.scheduler)
    house.scheduler = house.start_worker("scheduler")
    with house.mailbox():
        until(lambda: not house.unfinished(), house.unfinished)
    others = "celery|unacked|unacked_index|rq:queue:default|taskiq"
    known = re.compile(f"{house.engine.constant_keys}|{others}")

    def left() -> list[str]:
        names = [key.decode() for key in keys(house)]
        return [name for name in names if not known.fullmatch(name)]

    until(lambda: not left(), left)


@pytest.mark.skipif("postgresql" not in REAL, reason="not installed here")
@every_broker
def test_it_works_on_postgresql(
    engine: Engine, new_postgresql: str, tmp_path: Path
) -> None:
    """Application and worker share a database server."""
    house = House(engine, tmp_path, {"DATABASE_URL": new_postgresql})

    def connections() -> int:
        with house.database.connect() as connection:
            return int(connection.exec_driver_sql(CONNECTIONS).scalar_one())

    try:
        house.start()
        for _ in range(12):
            house.post("/run-task/report")
        until(lambda: not house.unfinished(), house.unfinished)
        until(lambda: connections() < 8, connections)  # no task leaves one
    finally:
        house.end()


@every_broker
def test_a_monitor_without_a_broker_says_so_in_one_line(house: House) -> None:
    """It names what is missing, and its exit code is no success."""
    with gone(house):
        monitor = house.run(
            "lonely", "-m", f"stages.{house.engine.stage}.worker", "monitor"
        )
        assert monitor.wait(PATIENCE)
    (line,) = house.log("lonely").splitlines()
    assert re.search("REDIS_URL|[Cc]onnect", line)


@every_engine
def test_the_monitor_says_what_there_is(house: House) -> None:
    """It ends with 0 and has written something; no worker is no traceback."""
    assert house.start_worker("monitor").wait(PATIENCE) == 0
    assert house.log("worker_monitor")
    house.kill(house.worker)
    house.start_worker("monitor").wait(PATIENCE)
    assert "Traceback" not in house.log("worker_monitor")
    house.start_worker()
