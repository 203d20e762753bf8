"""Celery that gives a task up for lost before it has ended."""

import os

from course.labs.crash.installed_celery import app, queue

__all__ = ["app", "queue"]

queue.conf.update(
    task_acks_late=True,
    broker_transport_options={
        "visibility_timeout": int(os.environ["CRASH_TIMEOUT"]),
        # It looks for such tasks every hundred seconds; here, each second.
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
    },
)
