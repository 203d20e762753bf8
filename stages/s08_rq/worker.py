"""RQ's processes: python -m stages.s08_rq.worker, a worker.

`… worker scheduler` enqueues what is due, `… worker monitor` counts.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from math import ceil
from random import uniform
from threading import Event

import rq
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq.cron import CronJob, CronScheduler
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer

from stages.s06_at_work.database import get_session_factory
from stages.s06_at_work.processes import end_with_parent
from stages.s06_at_work.queue import Queue, publish_overdue
from stages.s06_at_work.report import start_report
from stages.s06_at_work.settings import get_task_config
from stages.s06_at_work.start_up import prepare
from stages.s06_at_work.tasks import call, run_task

config = get_task_config()
stopping = Event()


@lru_cache
def get_queue(timeout: float = 0.3) -> rq.Queue:  # a worker waits for longer
    redis = Redis.from_url(
        os.environ.get("REDIS_URL", "redis://localhost:6379/0"),
        socket_connect_timeout=timeout,  # else a request waits for minutes
        socket_timeout=timeout,  # else for as long as a broker is frozen
        retry=Retry(NoBackoff(), 1),  # else for three more attempts
    )
    # RQ's pickles run what they hold when they are read. "default" is the
    # queue of every other application on this broker, too.
    return rq.Queue("stage8", connection=redis, serializer=JSONSerializer)


class RQQueue(Queue):
    def publish(self, log_id: int) -> None:
        # With a jitter: else tasks that failed together all come together.
        pauses = [
            ceil(uniform(0.5, 1) * min(2**n, config.longest_pause))
            for n in range(config.max_attempts)
        ]
        get_queue().enqueue(
            run,
            log_id,
            retry=rq.Retry(len(pauses), pauses),  # else tried once
            job_timeout=config.time_limit,  # else three minutes
            result_ttl=0,  # else kept for 500 s; the row is the result
            failure_ttl=86_400,  # else kept for a year
        )


def run(log_id: int) -> None:
    in_job(run_task, log_id)


def publish_late() -> None:
    in_job(publish_overdue, RQQueue())


def report_daily() -> None:
    in_job(start_report, RQQueue())


def in_job(function: Callable[..., None], *arguments: object) -> None:
    try:
        call(function, *arguments)
    finally:  # RQ forks for each job: else each drops a connection
        get_session_factory().kw["bind"].dispose()


class JSONCronJob(CronJob):
    def enqueue(self, _: Redis) -> Job:  # RQ's own writes a pickle
        return get_queue(30).enqueue(self.func_name, **self.job_options)


def schedule() -> None:
    every = config.publish_after
    cron = CronScheduler(get_queue(30).connection)
    cron.get_jobs().extend(
        [
            # Without `ttl` one job a minute piles up while no worker runs.
            JSONCronJob("stage8", publish_late, interval=every, ttl=every),
            JSONCronJob("stage8", report_daily, cron="0 6 * * *"),
        ]
    )
    with suppress(RedisError):  # it ends with the broker
        cron.start()  # type: ignore[no-untyped-call]
        stopping.set()


def monitor() -> None:
    queue = get_queue()
    print("waiting:", queue.count, "workers:", rq.Worker.count(queue=queue))
    print("running:", queue.started_job_registry.count)
    print("to be tried again:", queue.scheduled_job_registry.count)
    print("failed:", queue.failed_job_registry.count)
    stopping.set()


class Worker(rq.Worker):
    max_connection_wait_time = 5  # else it looks once a minute for a broker

    def handle_warm_shutdown_request(self) -> None:
        stopping.set()


def work() -> None:
    queue = get_queue(30)
    worker = Worker(
        [queue],
        serializer=JSONSerializer,
        # A task of a killed worker comes back after some 75 s; else after up
        # to 90 s and a look every ten minutes.
        job_monitoring_interval=5,
        maintenance_interval=10,
        worker_ttl=30,  # else an idle worker looks every seven minutes
    )
    worker.work(with_scheduler=True)  # else nobody tries again later


def main(mode: str = "worker") -> None:
    """Until SIGTERM; the task that runs then comes to its end."""
    prepare()
    get_session_factory().kw["bind"].dispose()  # a fork would share it
    # Else RQ's scheduler outlives a killed worker for ever, and a task runs
    # on beside its next attempt.
    os.register_at_fork(after_in_child=end_with_parent)
    modes = {"worker": work, "scheduler": schedule, "monitor": monitor}
    while not stopping.is_set():
        with suppress(RedisError, StopRequested):
            modes[mode]()
        stopping.wait(1)


if __name__ == "__main__":  # RQ finds `run` by the module's own name
    from stages.s08_rq import worker

    worker.main(*sys.argv[1:])
