"""The cases with Celery."""

import os
from typing import Any

from celery import Celery

from tests.fastapi_timeline.across import witness

URL = os.environ["ACROSS_URL"]
app = Celery("across", broker=URL, set_as_current=False)
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_ignore_result=True,
)
options: Any = {
    "autoretry_for": (witness.CaseError,),
    "max_retries": 1,
    "default_retry_delay": 0,
}


@app.task(name="first", **options)
def first(case: str) -> None:
    """Be the first task of a case."""
    witness.act(case, "first", publish)


@app.task(name="second", **options)
def second(case: str) -> None:
    """Be the second one."""
    witness.act(case, "second", publish)


def publish(case: str, name: str, delay: float = 0) -> None:
    """Hand a task over."""
    task: Any = {"first": first, "second": second}[name]
    task.apply_async((case,), countdown=delay or None)


def work() -> None:
    """Be a worker."""
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    options = ["--concurrency=4", "--loglevel=WARNING"]
    app.worker_main(["worker", *options, *quiet])
