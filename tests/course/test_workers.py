"""A stage with a worker: broker, worker and app, started and stopped."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import psutil
import pytest
from redis import Redis

from course import ports, workers
from course.broker import broker
from course.folders import ROOT
from course.workers import without_login

APP = """
import os
from fastapi import FastAPI
from redis import Redis

app = FastAPI()

@app.post("/tasks/{name}")
def accept(name: str) -> str:
    with Redis.from_url(os.environ["REDIS_URL"]) as broker:
        broker.rpush("tasks", name)
    return name
"""
WORKER = """
import os
from redis import Redis

broker = Redis.from_url(os.environ["REDIS_URL"])
while True:
    _, name = broker.blpop("tasks")
    print("did", name.decode(), flush=True)
    if name == b"end":
        raise SystemExit(3)
"""
PACKAGE = '''
"""Stage 7: a worker."""

BESIDE = ["valkey", "worker"]
'''
DEAF = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
RUN = """
from pathlib import Path
from course import stage, workers

workers.LIMIT = 1
stage.main(Path({folder!r}))
"""


class Told:
    """A stage that was started, and what it says line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said = ""

    def until(self, text: str) -> str:
        """Read on until a line holds the text; return the line."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.said += line
            if text in line:
                return line
        raise AssertionError(f"{text!r} was not said:\n{self.said}")

    def end(self, number: int = signal.SIGINT) -> str:
        """Tell it to stop; return the rest that it says."""
        self.process.send_signal(number)
        return self.process.communicate(timeout=30)[0]


Start = Callable[[str], Told]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Write a tiny stage with a worker and start it."""
    folder = tmp_path / "lessons" / "s07_tiny"
    started: list[subprocess.Popen[str]] = []

    def start(worker: str) -> Told:
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(PACKAGE)
        (folder / "app.py").write_text(APP)
        (folder / "worker.py").write_text(worker)
        code = RUN.format(folder=str(folder.parent))
        port = str(ports.free_port())  # near 8000, others look for one, too
        process = subprocess.Popen(
            [sys.executable, "-c", code, "7", "--port", port],
            env=os.environ | {"PYTHONPATH": f"{ROOT}:{tmp_path}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return Told(process)

    yield start
    for process in started:
        process.kill()
        process.communicate()


def children(told: Told) -> list[psutil.Process]:
    """Return all that it has started."""
    return psutil.Process(told.process.pid).children(recursive=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_all_three_run_and_all_three_stop(start: Start, number: int) -> None:
    """A task that the app accepts is done by the worker; nothing is left."""
    told = start(WORKER)
    assert "redis://127.0.0.1:" in told.until("Broker")
    assert "lessons.s07_tiny.worker" in told.until("Worker")
    address = told.until("running on").split("running on ")[1].split()[0]
    assert httpx2.post(f"{address}/tasks/report").status_code == 200
    assert told.until("did report")
    started = children(told)
    rest = told.end(number)
    assert "The worker is stopped." in rest
    assert "The broker is stopped" in rest
    assert [each for each in started if each.is_running()] == []


def test_a_worker_that_will_not_stop_is_killed_and_that_is_said(
    start: Start,
) -> None:
    """After the limit; the rest stops as always."""
    told = start(DEAF + WORKER)
    address = told.until("running on").split("running on ")[1].split()[0]
    httpx2.post(f"{address}/tasks/report")
    told.until("did report")
    started = children(told)
    rest = told.end()
    assert "The worker did not end within 1 seconds" in rest
    assert "The broker is stopped" in rest
    assert [each for each in started if each.is_running()] == []


def test_a_worker_that_ends_is_missed(start: Start) -> None:
    """The app goes on, and the terminal says what is wrong."""
    told = start(WORKER)
    address = told.until("running on").split("running on ")[1].split()[0]
    httpx2.post(f"{address}/tasks/end")
    assert "(exit code 3)" in told.until("has ended by itself")


def test_a_broker_that_is_named_is_used(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is started, and none is stopped."""
    with broker(tmp_path / "broker") as url:
        monkeypatch.setenv("REDIS_URL", url)
        monkeypatch.setenv("DATABASE_URL", "postgresql://u:secret@db/tasks")
        told = start(WORKER)
        shown = "Database  postgresql://db/tasks, which DATABASE_URL names\n"
        assert told.until("Database") == shown
        shown = f"Broker    {url}, which REDIS_URL names\n"
        assert told.until("Broker") == shown
        told.until("running on")
        assert "The broker" not in told.end()
        with Redis.from_url(url) as client:
            assert client.ping()


def test_no_password_is_shown() -> None:
    """Where a server is may be read by all who look on."""
    shown = without_login("redis://:secret@cache.example.com:6379/1")
    assert shown == "redis://cache.example.com:6379/1"
    assert without_login("sqlite:///data/x.db") == "sqlite:///data/x.db"


def test_the_log_of_a_quiet_worker_is_read_by_a_pattern(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lines are shown without the date, and it is stopped at the end."""
    module = data_dir / "talking.py"
    module.write_text(
        "import sys, time\n"
        "print('2026-12-01 09:00:00,000 log INFO', sys.argv[1:], flush=True)\n"
        "time.sleep(1000)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(data_dir))
    with workers.quiet_worker("talking", "first") as program:
        line = workers.until(lambda: workers.worker_log("INFO", "first"))
        running_before = program.running
    assert running_before
    assert line == "09:00:00,000 log INFO ['first']"
    assert workers.worker_log("other", "first") == ""
    assert not program.running
    with pytest.raises(TimeoutError):
        workers.until(lambda: False, seconds=0)
