"""The cases with RQ."""

import os
from datetime import timedelta
from typing import Any

import rq
from redis import Redis

from tests.fastapi_timeline.across import witness

queue = rq.Queue("across", Redis.from_url(os.environ["ACROSS_URL"]))


def first(case: str) -> None:
    """Be the first task of a case."""
    witness.act(case, "first", publish)


def second(case: str) -> None:
    """Be the second one."""
    witness.act(case, "second", publish)


def publish(case: str, name: str, delay: float = 0) -> None:
    """Hand a task over."""
    task = {"first": first, "second": second}[name]
    retry: Any = {"retry": rq.Retry(1)}
    if delay:
        queue.enqueue_in(timedelta(seconds=delay), task, case, **retry)
    else:
        queue.enqueue(task, case, **retry)


def work() -> None:
    """Be a worker."""
    worker = rq.Worker([queue], job_monitoring_interval=1)
    worker.work(with_scheduler=True, logging_level="WARNING")
