"""RQ: python -m stages.s08_rq.worker, scheduler, or monitor."""

import sys
from contextlib import suppress
from functools import lru_cache
from math import ceil
from threading import Event
from typing import Any

import rq
from redis import Redis, RedisError
from rq.cli.cli import main as rq_command
from rq.cron import CronScheduler
from rq.exceptions import StopRequested

from stages.s06_at_work.jobs import outbox, report, run
from stages.s06_at_work.queue import Queue
from stages.s06_at_work.settings import get_redis_config, get_task_config
from stages.s06_at_work.start_up import prepare
from stages.s06_at_work.time_limits import let_forks_end_with_parent

config, url = get_task_config(), get_redis_config().redis_url
stopping = Event()


@lru_cache
def get_queue(timeout: float = 0.3) -> rq.Queue:  # a worker waits for longer
    redis = Redis.from_url(
        url,
        socket_connect_timeout=timeout,  # else a request waits for minutes
        socket_timeout=timeout,  # else for as long as a broker is frozen
    )
    return rq.Queue("stage8", redis)  # else "default", of other applications


class RQQueue(Queue):
    def publish(self, log_id: int) -> None:
        attempts = range(1, config.max_attempts + 1)
        pauses = [ceil(config.pause_after(number)) for number in attempts]
        get_queue().enqueue(
            run,
            log_id,
            retry=rq.Retry(len(pauses), pauses),  # else tried once
            job_timeout=config.time_limit,  # else three minutes
            result_ttl=0,  # else kept for 500 s; the row is the result
            failure_ttl=86_400,  # else kept for a year
        )


def schedule() -> None:
    cron = CronScheduler(get_queue(30).connection)
    every = config.publish_after
    ttl: Any = {"result_ttl": 0, "failure_ttl": every}  # 500 s and a year
    # Without `ttl` one job a minute piles up while no worker runs.
    queue = ("stage8", (RQQueue(),))
    cron.register(outbox, *queue, interval=every, ttl=every, **ttl)
    cron.register(report, *queue, cron="0 6 * * *", **ttl)
    cron.start()  # type: ignore[no-untyped-call]
    stopping.set()


class Worker(rq.Worker):
    max_connection_wait_time = 5  # else it looks once a minute for a broker

    def handle_warm_shutdown_request(self) -> None:
        stopping.set()


def work() -> None:
    worker = Worker(
        [get_queue(30)],
        job_monitoring_interval=5,  # a killed worker's task is back in 75 s,
        maintenance_interval=10,  # not after 90 s and up to ten minutes
        worker_ttl=30,  # else an idle worker looks every seven minutes
    )
    worker.work(with_scheduler=True)  # else nobody tries again later


def main(mode: str = "worker", *options: str) -> None:
    if mode == "monitor":
        rq_command(["info", "--url", url, "stage8", *options])
    prepare()
    # Else RQ's scheduler, for ever, and a task outlive a killed worker.
    let_forks_end_with_parent()
    while not stopping.is_set():
        with suppress(RedisError, StopRequested):  # it ends with the broker
            {"worker": work, "scheduler": schedule}[mode]()
        stopping.wait(1)


if __name__ == "__main__":  # RQ must find RQQueue by its module's own name
    from stages.s08_rq import worker

    worker.main(*sys.argv[1:])
