"""What else is worth seeing: three smaller experiments."""

import threading
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx2
from redis import Redis

from course import ports
from course.labs.crash.lab import Lab, LabError, Told, laboratory
from course.labs.crash.results import count, tally
from course.labs.crash.setups import COURSE, HERE, INSTALLED, PYTHON, Setup

BACKGROUND, CELERY, _, TASKIQ = INSTALLED


def broker_killed(
    stopped: threading.Event,
    told: Told,
    tasks: int = 40,
    wait: float | None = None,
) -> list[dict[str, Any]]:
    """Kill the broker while a queue waits in it, with its file and without.

    As the stages set it up, the rows of what a broker forgot are overdue
    after a while, and are sent again.
    """
    rows = []
    for setup, quiet in ((CELERY, wait or 10), (COURSE[1], wait or 30)):
        for append_only in (True, False):
            kept = "with its file" if append_only else "without a file"
            told(f"{setup.name}: killing the broker {kept}")
            with laboratory(
                setup, stopped, append_only=append_only, worker=False
            ) as lab:
                accepted = lab.accept(tasks)
                assert lab.broker
                if append_only:
                    wait_for_the_file(lab.broker.url)
                lab.broker.kill()
                lab.broker.start()
                lab.start_worker()
                wake(lab, tasks)
                lab.wait_until_quiet(quiet, told)
                done = count(accepted, lab.lines())
            which = {"engine": setup.engine, "setup": setup.setup}
            how = {"append_only": append_only, "accepted": tasks}
            rows.append(which | how | tally(done) | {"waited": quiet})
    return rows


def wait_for_the_file(url: str) -> None:
    """Wait until all is on the disk: while that is busy, seconds are not."""
    with Redis.from_url(url) as broker:
        broker.set("written", "until here")
        if broker.waitaof(1, 0, 30_000)[0] != 1:
            raise LabError("the broker's file was not written within 30 s")


def wake(lab: Lab, number: int) -> None:
    """Post one more task: when that is done, the worker is awake."""
    for _ in lab.polls(60, "the worker did not wake up"):
        with suppress(httpx2.HTTPStatusError):  # the broker was gone
            post(lab, number)
            break
    lab.wait_for_lines(1, 60)


def short(engine: str, worker: tuple[str, ...]) -> Setup:
    """Return a setup whose task takes longer than its queue has patience."""
    name = f"{HERE}.short_{engine.lower()}"
    return Setup(engine, "short", name, task=6, wait=10, worker=worker)


def short_visibility(
    stopped: threading.Event, told: Told
) -> list[dict[str, Any]]:
    """Let a task be given up for lost although somebody works on it."""
    celery = (*PYTHON, "celery", "-A", f"{HERE}.short_celery:queue", "worker")
    taskiq = (*PYTHON, "taskiq", "worker", f"{HERE}.short_taskiq:broker")
    rows = []
    for setup in (short("Celery", celery), short("Taskiq", taskiq)):
        told(f"{setup.engine}: a timeout shorter than the task")
        patience = {"CRASH_TIMEOUT": "2", "CRASH_SPREAD": "0"}
        with laboratory(setup, stopped, settings=patience) as lab:
            wake(lab, 3)
            for number in range(3):  # a stream is looked through on arrival
                post(lab, number)
                if stopped.wait(4):
                    break
            lab.wait_until_quiet(setup.wait, told)
            lines = [line for line in lab.lines() if line[0] != "3"]
        most = max(len(at) for at in by_task(lines).values())
        rows.append(
            {"engine": setup.engine, "timeout": 2, "task": setup.task}
            | {"accepted": 3, "runs": len(lines), "most": most}
        )
    return rows


def by_task(lines: list[str]) -> dict[str, list[str]]:
    """Return the lines of each task."""
    found: dict[str, list[str]] = {}
    for line in lines:
        found.setdefault(line.split()[0], []).append(line)
    return found


def post(lab: Lab, number: int) -> float:
    """Post one task; return the seconds until the answer was there."""
    base = f"http://{ports.HOST}:{lab.port}"
    with httpx2.Client(base_url=base, timeout=60) as client:
        began = time.perf_counter()
        path = f"/send-notification/{number}@example.com"
        client.post(path).raise_for_status()
        return time.perf_counter() - began


def slow_tasks(
    stopped: threading.Event, told: Told, seconds: float = 2
) -> list[dict[str, Any]]:
    """Fill all forty threads with tasks, and see what a request waits."""
    rows = []
    for setup in (BACKGROUND, CELERY):
        told(f"{setup.engine}: forty slow tasks")
        slow = replace(setup, task=seconds)
        with laboratory(slow, stopped, settings={"CRASH_SPREAD": "0"}) as lab:
            post(lab, 100)  # the first request loads what the others need
            if setup.worker:
                lab.wait_for_lines(1, 60)
            idle = post(lab, 101)
            lab.wait_for_lines(2, 60)
            lab.accept(40)
            behind = post(lab, 102)
        rows.append(
            {"engine": setup.engine, "slow": 40, "task": seconds}
            | {"idle": round(idle, 4), "behind": round(behind, 4)}
        )
    return rows
