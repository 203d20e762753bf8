"""The engine; as a worker: python -m stages.s11_dbos.worker [NAME | monitor]."""

import signal
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext

from dbos import DBOS

from stages.s06_at_work import settings
from stages.s06_at_work.start_up import prepare
from stages.s11_dbos.queue import QUEUE, DBOSQueue, clean, outbox, report

config = settings.get_task_config()
# The queue lies in the database of the data: they are committed together.
url = settings.get_database_config().database_url
embedded = url.startswith("sqlite")  # the application runs the tasks itself


@contextmanager
def alone() -> Iterator[None]:
    """Refuse a second process on SQLite: both would recover all tasks."""
    path = settings.DATA / "dbos.lock"
    with closing(
        sqlite3.connect(path, timeout=0, check_same_thread=False)
    ) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")  # until this process ends
        except sqlite3.OperationalError:
            sys.tracebacklimit = 0
            message = f"Another process runs the tasks of {url}"
            raise RuntimeError(message) from None
        yield


@contextmanager
def running(name: str = "local") -> Iterator[None]:
    """Run tasks under a name that no other process has.

    When DBOS starts, it recovers what a process of this name had: start a
    worker that was killed with the same name again.
    """
    with alone() if embedded else nullcontext():
        DBOS(
            config={
                "name": "stage11",
                "system_database_url": url,
                "log_level": "WARNING",  # else it sets it to INFO
                "executor_id": name,
                # By default a hash of the code: a deployment would leave what
                # is on its way to workers of the old version. Change it when
                # the steps change; then run both versions for a while.
                "application_version": "1",
            }
        )
        DBOS.launch()
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=10,  # all that wait run at once, in threads
            polling_interval_sec=0.2,  # a task waits for up to 1 s
        )
        DBOS.apply_schedules(
            [
                {"schedule_name": name, "workflow_fn": fn, "schedule": cron}
                for name, fn, cron in [
                    ("outbox", outbox, "* * * * *"),
                    ("report", report, "0 6 * * *"),
                    ("clean", clean, "0 3 * * *"),
                ]
            ]
        )
        try:
            yield
        finally:  # kills the tasks that run: 0 by default
            DBOS.destroy(workflow_completion_timeout_sec=config.time_limit)


def monitor() -> None:
    workflows = DBOSQueue().client.list_workflows(
        queue_name=QUEUE, load_input=False, load_output=False
    )
    for status, number in Counter(w.status for w in workflows).items():
        print(status, number)


def main(name: str = "local") -> None:
    if name == "monitor":
        monitor()
        return
    prepare()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with running(name):
        stop.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
