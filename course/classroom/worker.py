"""A Celery worker that grades: python -m course.classroom.worker 0.

On another machine: the same course, the folder of the grades at the same
place, and the two variables that grade-class prints. The settings are those
of stage 7, and so are their reasons.
"""

import json
import os
import sys
from pathlib import Path

from celery import Celery

from course.classroom.sandbox import Sandbox
from course.classroom.work import Store
from course.processes import Program

QUEUE = "classroom"


def settings(url: str, store: Store, sandbox: Sandbox) -> dict[str, str]:
    """Return the variables that tell a worker what to grade."""
    paths = [str(store.folder), str(sandbox.checks)]
    told = [*paths, store.names, store.judges, sandbox.trusted]
    return {"REDIS_URL": url, "CLASSROOM": json.dumps(told)}


def start(slot: int, told: dict[str, str], store: Store) -> Program:
    """Start one on this machine.

    Celery warns root. Where warnings are errors, that would end each worker.
    """
    words = [sys.executable, "-m", __name__, str(slot)]
    told = {**told, "PYTHONWARNINGS": ""}
    with store.log(slot).open("ab") as log:
        return Program("A worker", words, settings=told, output=log)


def application(url: str) -> Celery:
    """Return the application; a message holds the name of a result."""
    found = Celery(QUEUE, broker=url, set_as_current=False)
    found.conf.update(
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
    return found


def publish(url: str, keys: list[str]) -> None:
    """Ask for these results."""
    with application(url) as app:
        for key in keys:
            app.send_task("grade", [key])


def main(slot: int) -> None:
    """Grade what is asked for, one submission at a time."""
    folder, checks, names, judges, trusted = json.loads(
        os.environ["CLASSROOM"]
    )
    store = Store(Path(folder), Path(checks), names)
    if store.judges != judges:
        sys.exit("This machine has another course or another Python.")
    sandbox = Sandbox(Path(checks), trusted=trusted)
    sandbox.slots.get()
    sandbox.slots.put(slot)  # its own user, where root grades
    app = application(os.environ["REDIS_URL"])

    @app.task(name="grade")
    def grade(key: str) -> None:
        if not store.path(key).exists():
            store.grade(store.job(key), sandbox)

    options = ["--pool=solo", "--loglevel=INFO", f"--hostname={slot}@%h"]
    app.worker_main(["worker", *options, "--without-gossip"])


if __name__ == "__main__":
    main(int(sys.argv[1]))
