"""Grade a class on Celery workers, of this machine and of others.

The settings are those of stage 7, and so are their reasons. A message holds
the name of a result; the answers are in the folder of the grades, which all
machines share.
"""

import os
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack

from celery import Celery

from course.broker import Broker
from course.classroom.sandbox import Sandbox
from course.classroom.work import Jobs, Store
from course.processes import NoServerError, Program, stop_all
from course.typed import command

STARTS = 5  # of a worker without a result: then something else is wrong
QUEUE = "classroom"


def application(url: str) -> Celery:
    """Return what publishes and works."""
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


def grade(
    store: Store, jobs: Jobs, words: Sequence[str]
) -> Generator[str, None, None]:
    """Have workers grade them, started with these words; give what is done.

    What a killed worker had is published again at once; a second worker that
    gets it finds the result, and does nothing. Celery warns root: where
    warnings are errors, that would end each worker.
    """
    for key, answers in jobs.items():
        store.put_job(key, answers)
    worker = [sys.executable, "-m", "course.classroom", *words]
    log = store.folder / "worker.log"
    with ExitStack() as stack:
        if url := os.environ.get("REDIS_URL"):
            print("On each other machine, in the same folder:")
            print(f"REDIS_URL=… {command('grade-class', *words)}")
        else:
            broker = Broker(store.folder / "broker")
            url = stack.enter_context(broker).url
        left, starts, program = set(jobs), 0, None
        while left:
            if not program or not program.running:
                starts += 1
                if starts > STARTS:
                    raise NoServerError(
                        "The workers end again and again, and give no result:"
                        f" see {log}."
                    )
                settings = {"REDIS_URL": url, "PYTHONWARNINGS": ""}
                with log.open("ab") as output:
                    program = Program(
                        "A worker", worker, settings=settings, output=output
                    )
                stack.callback(stop_all, [program], 3)
                with application(url) as celery:
                    for key in sorted(left):
                        celery.send_task("grade", [key])
            for key in sorted(left):
                if store.path(key).exists():
                    left.discard(key)
                    starts = 0
                    yield key
            time.sleep(0.1)


def work(store: Store, sandbox: Sandbox, at_once: int) -> None:
    """Be a worker: grade what is asked for."""
    url = os.environ.get("REDIS_URL")
    if not url or not store.path(store.worth).exists():
        raise ValueError(
            "A worker needs REDIS_URL, and the same command with --engine"
            " celery, which runs with the same course and the same Python."
        )
    celery = application(url)

    @celery.task(name="grade")
    def grade(key: str) -> None:
        if not store.path(key).exists():
            store.grade(key, store.job(key), sandbox)

    celery.worker_main(
        [
            *("worker", "--pool=threads", f"--concurrency={at_once}"),
            *("--loglevel=INFO", f"--hostname={os.getpid()}@%h"),
            "--without-gossip",
        ]
    )
