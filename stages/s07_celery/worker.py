"""Celery's process: python -m stages.s07_celery.worker.

A worker has no application and no app.dependency_overrides: what is put into
`overrides` here, before `main()` is called, takes their place.
"""

import os
from importlib import import_module
from typing import Any

from celery import Celery, Task
from kombu.exceptions import OperationalError as BrokerGone

from stages.s06_survive_restart.tasks import (
    Overrides,
    TryAgainError,
    call,
    deliver,
    prepare,
)

__all__ = ["BrokerGone", "main", "overrides", "publish"]

celery = Celery("stage7", set_as_current=False)
overrides: Overrides = {}


@celery.add_defaults
def settings() -> dict[str, Any]:
    """Read when they are needed; beside each, what happens without it."""
    return {
        "broker_url": os.environ.get("REDIS_URL")
        or "redis://localhost:6379/0",
        # A task counts as done when it arrives: those in a killed worker are
        # gone for the broker, and come back only when their rows are overdue.
        "task_acks_late": True,
        # The one that was running in a killed child counts as done.
        "task_reject_on_worker_lost": True,
        # A killed worker keeps four waiting tasks for each of its processes.
        "worker_prefetch_multiplier": 1,
        "broker_transport_options": {
            # What a killed worker had comes back after an hour. Shorter than
            # the longest task, it comes while that is still running.
            "visibility_timeout": 60,
            # A request waits for a broker that does not answer, for ever.
            "socket_connect_timeout": 0.4,
            "socket_timeout": 0.4,
            # It waits while Celery connects again and again, for 6 s.
            "max_retries": 0,
        },
        # It waits while Celery sends again and again.
        "task_publish_retry": False,
        # Results pile up in the broker for a day; the row is the result.
        "task_ignore_result": True,
        # A worker that starts before its broker gives up, and one whose
        # broker stays away for long.
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        # Celery takes the logging over, and background_tasks.log is empty.
        "worker_hijack_root_logger": False,
    }


@celery.task(bind=True, max_retries=None, shared=False)
def run(self: Task[Any, None], log_id: int) -> None:
    try:
        call(deliver, log_id, overrides=overrides)
    except TryAgainError as later:
        raise self.retry(exc=later, countdown=later.pause) from later


def publish(log_id: int) -> None:
    run.delay(log_id)


def main() -> None:
    """Work until SIGTERM; what has begun is brought to its end."""
    prepare()
    arguments = ["worker", "--loglevel=INFO", "--without-mingle"]
    celery.worker_main([*arguments, "--without-gossip"])


if __name__ == "__main__":  # by its name: not a second copy of this module
    import_module("stages.s07_celery.worker").main()
