"""Taskiq's processes: python -m stages.s09_taskiq.worker, a worker.

`… worker scheduler` sends what is due, retries too; `… worker monitor` counts.
"""

import asyncio
import atexit
import os
import sys
from contextlib import ExitStack
from datetime import timedelta
from functools import lru_cache
from random import uniform
from threading import Lock

from anyio import fail_after
from anyio.from_thread import BlockingPortal, start_blocking_portal
from redis import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from taskiq import SmartRetryMiddleware, TaskiqMessage, TaskiqScheduler
from taskiq.acks import AcknowledgeType
from taskiq.api import run_scheduler_task
from taskiq.cli.worker.args import WorkerArgs
from taskiq.cli.worker.run import run_worker
from taskiq.exceptions import SendTaskError
from taskiq.schedule_sources import LabelScheduleSource
from taskiq.serializers import JSONSerializer
from taskiq_redis import ListRedisScheduleSource, RedisStreamBroker

from stages.s06_at_work.database import get_session_factory
from stages.s06_at_work.processes import end_with_parent, time_limit
from stages.s06_at_work.queue import Queue, publish_overdue
from stages.s06_at_work.report import start_report
from stages.s06_at_work.settings import get_task_config
from stages.s06_at_work.start_up import prepare
from stages.s06_at_work.tasks import call, run_task

config = get_task_config()
url = os.environ.get("REDIS_URL", "redis://localhost:6379")
once = Retry(NoBackoff(), 1)  # else a request waits for three attempts more


class BackOff(SmartRetryMiddleware):
    def make_delay(self, message: TaskiqMessage, retries: int) -> float:
        """Taskiq's own grows by 5 s each time, with a jitter of 1 s."""
        return uniform(0.5, 1) * min(2.0**retries, config.longest_pause)

    async def shutdown(self) -> None:
        assert self.schedule_source
        await self.schedule_source.shutdown()


# Taskiq can't end a thread. Being `async`, this runs in the main thread, and
# blocks the event loop on purpose: a process does one task at a time.
async def run(log_id: int) -> None:
    with time_limit(config.time_limit):
        call(run_task, log_id)


async def outbox() -> None:
    call(publish_overdue, TaskiqQueue())


async def report() -> None:
    call(start_report, TaskiqQueue())


def make_retries() -> ListRedisScheduleSource:
    return ListRedisScheduleSource(
        url, "stage9-retries", serializer=JSONSerializer(), retry=once
    )  # its pickles run what they hold when they are read


def make_broker() -> RedisStreamBroker:
    broker = RedisStreamBroker(  # beside each setting, what is without it
        url,
        queue_name="stage9",  # other applications of Taskiq take our messages
        consumer_group_name="stage9",
        consumer_id="0",  # what came before the first worker is skipped
        # What a killed worker had comes back after 10 min, running or not.
        idle_timeout=(config.time_limit + 60) * 1000,
        xread_count=1,  # a worker keeps 100 messages from the others,
        unacknowledged_batch_size=1,  # of those that come back as well
        unacknowledged_lock_timeout=10,  # one killed at the wrong moment
        # stops that for ever
        maxlen=100_000,  # what is done fills the memory
        socket_timeout=30,  # a worker waits for a lost connection, for ever
        retry=once,
    )
    broker.add_middlewares(
        BackOff(
            default_retry_label=True,  # an error is the end of a task
            default_retry_count=config.max_attempts,  # three
            schedule_source=make_retries(),  # it is tried again at once
        )
    )
    broker.task("run")(run)
    # The schedule runs these again anyway.
    every = [{"interval": config.publish_after}]
    broker.task("outbox", schedule=every, retry_on_error=False)(outbox)
    daily = [{"cron": "0 6 * * *"}]
    broker.task("report", schedule=daily, retry_on_error=False)(report)
    return broker


@lru_cache
def get_publisher() -> tuple[BlockingPortal, RedisStreamBroker]:
    """Publish in a thread: it works with and without an event loop here."""
    stack = ExitStack()
    portal = stack.enter_context(start_blocking_portal())
    broker = make_broker()
    stack.callback(portal.call, broker.shutdown)
    atexit.register(stack.close)
    return portal, broker


class TaskiqQueue(Queue):
    lock = Lock()

    def publish(self, log_id: int) -> None:
        with self.lock:  # two requests at once make two of them
            portal, broker = get_publisher()
        portal.call(send, broker, log_id)


async def send(broker: RedisStreamBroker, log_id: int) -> None:
    task = broker.find_task("run")
    assert task
    try:
        with fail_after(0.7):  # a request waits for a frozen broker
            await task.kiq(log_id)
    except (SendTaskError, TimeoutError) as error:
        raise ConnectionError(error.__cause__ or "no answer") from error


def start_worker() -> RedisStreamBroker:
    """Taskiq calls it in each process that it starts."""
    end_with_parent()  # a killed worker's process works on
    return make_broker()


def work() -> None:
    prepare()
    get_session_factory().kw["bind"].dispose()  # a fork would share it
    run_worker(
        WorkerArgs(
            broker="stages.s09_taskiq.worker:start_worker",
            modules=[],
            workers=1,
            max_async_tasks=1,  # 100 are taken, and wait for each other
            ack_type=AcknowledgeType.WHEN_EXECUTED,
            configure_logging=False,
        )
    )


def schedule() -> None:
    broker = make_broker()
    sources = [LabelScheduleSource(broker), make_retries()]
    scheduler = TaskiqScheduler(broker, sources)
    # Without the interval, a retry may wait for a minute.
    asyncio.run(run_scheduler_task(scheduler, interval=timedelta(0)))


def monitor() -> None:
    redis = Redis.from_url(url)
    for group in redis.xinfo_groups("stage9"):
        print("waiting:", group["lag"], "running:", group["pending"])
    print("retries:", len(list(redis.scan_iter("stage9-retries:data:*"))))


def main(mode: str = "worker") -> None:
    {"worker": work, "scheduler": schedule, "monitor": monitor}[mode]()


if __name__ == "__main__":
    main(*sys.argv[1:])
