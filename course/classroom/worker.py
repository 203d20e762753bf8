"""A Celery worker that grades what it finds in the folder of the grades.

On another machine: the same course, the folder of the grades at the same
place, and the command that grade-class prints. The settings are those of
stage 7, and so are their reasons.
"""

import os
import sys
from itertools import repeat
from pathlib import Path

from celery import Celery

from course.classroom.sandbox import USERS, Sandbox
from course.classroom.work import Store
from course.processes import Program

QUEUE = "classroom"


def command(store: Store, *, trusted: bool) -> list[str]:
    """Return what starts a worker; its number is to follow."""
    words = [sys.executable, "-m", __name__, f"{store.folder}"]
    words += [f"{store.checks}", ",".join(store.names), store.worth]
    return [*words, "trusted" if trusted else "in a sandbox"]


def start(words: list[str], url: str, log: Path) -> Program:
    """Start one on this machine.

    Celery warns root. Where warnings are errors, that would end each worker.
    """
    settings = {"REDIS_URL": url, "PYTHONWARNINGS": ""}
    with log.open("ab") as output:
        return Program("A worker", words, settings=settings, output=output)


def application(url: str) -> Celery:
    """Return the application; a message holds the name of a result."""
    celery = Celery(QUEUE, broker=url, set_as_current=False)
    celery.conf.update(
        broker_transport_options={
            "global_keyprefix": f"{QUEUE}:",
            "visibility_timeout": 7200,  # longer than any submission takes
            "socket_connect_timeout": 5,
            "socket_timeout": 30,
        },
        broker_connection_retry_on_startup=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        task_ignore_result=True,
        task_default_queue=QUEUE,
    )
    return celery


def publish(url: str, keys: list[str]) -> None:
    """Ask for these results."""
    with application(url) as celery:
        for key in keys:
            celery.send_task("grade", [key])


def main(folder: str, checks: str, names: str, *more: str) -> None:
    """Grade what is asked for, one submission at a time."""
    worth, trusted, slot = more
    store = Store(Path(folder), Path(checks), names.split(","))
    if store.worth != worth:
        sys.exit("This machine has another course or another Python.")
    sandbox = Sandbox(
        store.checks,
        trusted=trusted == "trusted",
        users=repeat(USERS[int(slot)]),
    )
    celery = application(os.environ["REDIS_URL"])

    @celery.task(name="grade")
    def grade(key: str) -> None:
        if not store.path(key).exists():
            store.grade(key, store.job(key), sandbox)

    options = ["--pool=solo", "--loglevel=INFO", f"--hostname={slot}@%h"]
    celery.worker_main(["worker", *options, "--without-gossip"])


if __name__ == "__main__":
    main(*sys.argv[1:])
