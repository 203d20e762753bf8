"""What every engine promises, whatever goes away."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest
import redis

from tests.stages.engines.house import (
    EMAIL,
    ENGINES,
    ON_REDIS,
    PATIENCE,
    House,
    until,
)

pytestmark = pytest.mark.timeout(600)
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
        return {key: client.dump(key) for key in client.keys()}


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
    house.script(
        "from stages.s06_at_work.database import TaskLog, get_session_factory"
        "\nfrom stages.s06_at_work.queue import enqueue"
        "\nrow = TaskLog(kind='new', task_name='new', payload={})"
        "\nwith get_session_factory()() as session:"
        "\n    enqueue(session, app.state.queue, row)"
    )
    log_id = house.row().id
    row = house.until_row(lambda row: row.attempts >= 2, log_id)
    assert row.status in {"failed", "started"}
    with house.database.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE task_logs SET kind = 'run-task',"
            """ payload = '{"task_name": "report"}' WHERE kind = 'new'"""
        )
    house.until_done(log_id)


@every_engine
def test_a_task_that_hangs_fails_at_its_time_limit(house: House) -> None:
    """Its row says so, and the worker takes the next task."""
    with house.task_that_hangs() as connection:
        first = connection()
        log_id = house.row().id
        row = house.until_row(lambda row: row.error is not None, log_id)
        assert "imit" in row.error
        first.close()
        house.post("/run-task/report")
        house.until_done(house.row().id)


@every_engine
def test_a_task_of_a_killed_worker_is_run_again(house: House) -> None:
    """The worker and all its processes are killed in the midst of it."""
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
            with pytest.raises(
                (subprocess.TimeoutExpired, psutil.TimeoutExpired)
            ):
                worker.wait(1)
            first.close()
            assert worker.wait(PATIENCE) == 0
            assert house.row(log_id).status == "failed"
            house.start_worker()
    finally:
        if house.worker.poll() is not None:
            house.start_worker()


@every_engine
def test_a_killed_worker_leaves_no_child(house: House) -> None:
    """Only its first process is killed; the others end by themselves."""
    with house.task_that_hangs() as connection:
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
    house: House, away: type
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
def test_nothing_is_left_in_the_broker_when_all_is_done(house: House) -> None:
    """Neither messages nor results, whatever has happened before."""
    until(lambda: not house.unfinished(), house.unfinished)
    others = "celery|unacked|unacked_index|rq:queue:default|taskiq"
    known = re.compile(f"{house.engine.constant_keys}|{others}")

    def left() -> list[str]:
        return [k.decode() for k in keys(house) if not known.fullmatch(k.decode())]

    until(lambda: not left(), left)


@every_engine
def test_the_monitor_says_what_there_is(house: House) -> None:
    """It ends with 0, and has written something."""
    assert house.start_worker("monitor").wait(PATIENCE) == 0
    assert house.log("worker_monitor")
