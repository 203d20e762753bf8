"""Celery's processes: python -m stages.s07_celery.worker, a worker.

`… worker scheduler` sends what is due, `… worker monitor` says how much there
is to do; options of Celery may follow. A worker's dependencies are replaced
in `stages.s06_at_work.tasks.overrides`, before `main()`.
"""

import os
import ssl
import sys
from typing import Any

from celery import Celery
from celery.schedules import crontab

from stages.s06_at_work.database import Base, SessionDep, TaskLog
from stages.s06_at_work.database import get_session_factory
from stages.s06_at_work.queue import Queue, enqueue, publish_overdue
from stages.s06_at_work.settings import DATA, get_task_config
from stages.s06_at_work.tasks import Work, call, run_task

config = get_task_config()
url = os.environ.get("REDIS_URL", "redis://localhost:6379")
celery = Celery("stage7", broker=url, set_as_current=False)
celery.conf.update(  # beside each setting, what happens without it
    broker_transport_options={
        # Other applications of Celery on this Redis take our messages.
        "global_keyprefix": "stage7:",
        # What a killed worker had comes back after 1 h. When it comes sooner
        # than limit and pause allow, it runs twice; clocks differ, too.
        "visibility_timeout": 2 * (config.time_limit + config.longest_pause),
        "unacked_restore_throttle": 1,  # that is seen 100 s late, not 10
        "socket_connect_timeout": 0.4,  # a request waits for ever for a
        "socket_timeout": 0.4,  # broker that does not answer,
        "max_retries": 0,  # and 6 s for one that is gone,
    },
    task_publish_retry=False,  # since Celery tries again and again
    broker_pool_limit=40,  # the 11th request waits for a connection
    # rediss://…?ssl_ca_certs=FILE takes any certificate.
    broker_use_ssl=url.startswith("rediss:")
    and {"ssl_cert_reqs": ssl.CERT_REQUIRED},
    broker_connection_retry_on_startup=True,  # a worker gives up when its
    broker_connection_max_retries=None,  # broker is away, first or for long
    task_acks_late=True,  # a killed worker loses the tasks it has begun,
    task_reject_on_worker_lost=True,  # and one whose child dies loses one
    worker_prefetch_multiplier=1,  # it keeps 4 tasks a process from others
    task_soft_time_limit=config.time_limit,  # a task hangs for ever; this
    task_time_limit=config.time_limit + 10,  # raises in it, this kills it,
    task_acks_on_timeout=False,  # and it would count as done
    task_ignore_result=True,  # results are kept for a day; the row is ours
    worker_hijack_root_logger=False,  # Celery removes the log's handlers
    task_default_queue="stage7",
    beat_schedule={
        "outbox": {"task": "outbox", "schedule": config.publish_after},
        "report": {"task": "report", "schedule": crontab(hour="6", minute="0")},
    },
)
# Each error is retried after 1, 2, 4 … s up to the longest pause, shortened
# at random so that not all retry at once. `run_task` ends it: no max_retries.
retry: dict[str, Any] = {
    "autoretry_for": (Exception,),
    "max_retries": None,
    "retry_backoff": True,
    "retry_backoff_max": config.longest_pause,
}


@celery.task(name="run", **retry)
def run(log_id: int) -> None:
    call(run_task, log_id)


class CeleryQueue(Queue):
    def publish(self, log_id: int) -> None:
        run.delay(log_id)


# What is due has a queue of its own, so that a backlog does not delay it.
# `expires`: without a worker, messages pile up that all say the same.
@celery.task(name="outbox", queue="stage7-due", expires=config.publish_after)
def outbox() -> None:
    call(publish_overdue, CeleryQueue())


@celery.task(name="report", queue="stage7-due", expires=43_200, **retry)
def report() -> None:
    call(start_report, CeleryQueue())


def start_report(queue: Queue, session: SessionDep) -> None:
    payload = Work(task_name="daily report").model_dump()
    log = TaskLog(kind="run-task", task_name="daily report", payload=payload)
    enqueue(session, queue, log)


def monitor() -> None:
    with celery.connection_for_read() as connection:
        channel = connection.default_channel
        waiting = channel.queue_declare("stage7").message_count
        print("In the queue:", waiting)
        print("With the workers:", channel.client.hlen("unacked"))
    workers = celery.control.inspect()
    print("Running:", workers.active())
    print("To be retried:", workers.scheduled())


def main(mode: str = "worker", *options: str) -> None:
    if mode == "monitor":
        return monitor()
    if mode == "scheduler":
        return celery.start(["beat", f"-s{DATA}/celerybeat", *options])
    engine = get_session_factory().kw["bind"]
    Base.metadata.create_all(engine)
    engine.dispose()  # the processes that are forked must not share it
    celery.conf.task_publish_retry = True  # a retry is worth a wait
    celery.conf.broker_transport_options.update(
        socket_connect_timeout=5, socket_timeout=30, max_retries=3
    )
    celery.start(["worker", "-lINFO", "-Qstage7,stage7-due", "--without-mingle", *options])


if __name__ == "__main__":
    main(*sys.argv[1:])
