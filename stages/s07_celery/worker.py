"""Celery: python -m stages.s07_celery.worker, scheduler, or monitor."""

import os
import sys
from typing import Any

from celery import Celery
from celery.schedules import crontab
from click import ClickException

from stages.s06_at_work import jobs, settings
from stages.s06_at_work.queue import Queue
from stages.s06_at_work.start_up import prepare
from stages.s06_at_work.time_limits import let_forks_end_with_parent

config, url = settings.get_task_config(), settings.get_redis_config().redis_url
TLS = {"ssl_cert_reqs": "required"}  # own authority: ?ssl_ca_certs=FILE
celery = Celery("stage7", broker=url, set_as_current=False)
celery.conf.update(  # beside each setting: what happens without it
    broker_transport_options={
        "global_keyprefix": "stage7:",  # another application takes our tasks
        # A killed worker's tasks come back after 1 h; too soon: twice.
        "visibility_timeout": 2 * (config.time_limit + config.longest_pause),
        "unacked_restore_throttle": 1,  # they come up to 100 s later, not 10
        "socket_connect_timeout": 0.4,  # a request waits for ever while the
        "socket_timeout": 0.4,  # broker is frozen,
        "max_retries": 0,  # and 6 s when it is gone,
    },
    task_publish_retry=False,  # as Celery connects and sends again
    broker_pool_limit=40,  # the 11th request at a time waits for the others
    broker_use_ssl=TLS if "rediss:" in url else None,  # any certificate
    broker_connection_retry_on_startup=True,  # a worker gives up when its
    broker_connection_max_retries=None,  # broker comes later, or is long away
    task_acks_late=True,  # a killed worker loses the tasks that it runs,
    task_reject_on_worker_lost=True,  # and a killed child its own
    worker_prefetch_multiplier=1,  # 4 tasks wait for one process, others idle
    task_soft_time_limit=config.time_limit,  # a task that hangs never fails;
    task_time_limit=config.time_limit + 10,  # one that ignores it goes on,
    task_acks_on_timeout=False,  # or is killed, and lost
    task_ignore_result=True,  # each result is kept for a day; we have the row
    worker_hijack_root_logger=False,  # Celery removes our log's handlers
    task_default_queue="stage7",
    task_routes={"due.*": {"queue": "stage7-due"}},  # a backlog delays them
    beat_schedule={
        "outbox": {"task": "due.outbox", "schedule": config.publish_after},
        "report": {"task": "due.report", "schedule": crontab("0", "6")},
    },
)
retry: dict[str, Any] = {  # after 1, 2, 4 … s, each shortened at random
    "autoretry_for": (Exception,),
    "retry_backoff": True,
    "retry_backoff_max": config.longest_pause,
    "max_retries": None,  # three; `run_task` says when it is enough
}
run = celery.task(name="run", **retry)(jobs.run)  # type: ignore[no-untyped-call]


class CeleryQueue(Queue):
    def publish(self, log_id: int) -> None:
        run.delay(log_id)


@celery.task(name="due.outbox", expires=config.publish_after)
def outbox() -> None:
    jobs.outbox(CeleryQueue())


@celery.task(name="due.report", expires=43_200, **retry)
def report() -> None:
    jobs.report(CeleryQueue())


def main(command: str = "worker", *options: str) -> None:
    prepare()
    let_forks_end_with_parent()  # else they work on
    patient = {"socket_connect_timeout": 5, "socket_timeout": 30}
    celery.conf.broker_transport_options |= {**patient, "max_retries": 3}
    celery.conf.task_publish_retry = True  # no request waits here
    commands = {
        "worker": ["worker", "--loglevel=INFO", "--queues=stage7,stage7-due"],
        "scheduler": ["beat", f"--schedule={settings.DATA}/celerybeat"],
        "monitor": ["inspect", "active"],
    }  # or any other command of Celery: inspect scheduled
    start: Any = celery.start
    try:
        failed = start([*commands.get(command, [command]), *options])
    except ClickException as error:  # nobody answered
        raise SystemExit(error.format_message()) from None
    if failed and command == "worker":  # the broker went during an acknowledge
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606


if __name__ == "__main__":
    main(*sys.argv[1:])
