"""The cases with Taskiq."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

from taskiq import SmartRetryMiddleware, TaskiqScheduler
from taskiq.api import run_scheduler_task
from taskiq.cli.worker.args import WorkerArgs
from taskiq.cli.worker.run import run_worker
from taskiq.serializers import JSONSerializer
from taskiq_redis import ListRedisScheduleSource, RedisStreamBroker

from tests.fastapi_timeline.across import witness

URL = os.environ["ACROSS_URL"]
later = ListRedisScheduleSource(URL, "later", serializer=JSONSerializer())
broker = RedisStreamBroker(
    *(URL, "across"),
    consumer_id="0",
    idle_timeout=8000,  # a task that waits for longer would run twice
    xread_count=1,
    unacknowledged_lock_timeout=2,
)
retry = SmartRetryMiddleware(2, default_delay=0, schedule_source=later)
broker.add_middlewares(retry)


@broker.task("first", retry_on_error=True)
def first(case: str) -> None:
    """Be the first task of a case."""
    witness.act(case, "first", publish)


@broker.task("second", retry_on_error=True)
def second(case: str) -> None:
    """Be the second one."""
    witness.act(case, "second", publish)


@broker.task("nudge")
def nudged() -> None:
    """Do nothing."""


def nudge() -> None:
    """Send a message: only after one, a worker looks for the dead's."""
    asyncio.run(hand_over(nudged.kicker()))


def publish(case: str, name: str, delay: float = 0) -> None:
    """Hand a task over."""
    asyncio.run(send(case, name, delay))


async def send(case: str, name: str, delay: float) -> None:
    """Send with connections of this event loop: each call has its own."""
    kicker = {"first": first, "second": second}[name].kicker()
    if delay:
        source = ListRedisScheduleSource(
            URL, "later", serializer=JSONSerializer()
        )
        at = datetime.now(UTC) + timedelta(seconds=delay)
        await kicker.schedule_by_time(source, at, case)
        await source.shutdown()
        return
    await hand_over(kicker, case)


async def hand_over(kicker: Any, *given: str) -> None:
    """Send now."""
    sender = RedisStreamBroker(URL, "across")
    await kicker.with_broker(sender).kiq(*given)
    await sender.shutdown()


def work() -> None:
    """Be a worker, and the scheduler beside it.

    Workers are forks of this process: they must not find connections open.
    """
    source = ListRedisScheduleSource(URL, "later", serializer=JSONSerializer())
    scheduler = TaskiqScheduler(RedisStreamBroker(URL, "across"), [source])
    every = timedelta(seconds=0.2)
    run = run_scheduler_task(scheduler, interval=every)
    Thread(target=asyncio.run, args=(run,), daemon=True).start()
    here = f"{__name__}:broker"
    run_worker(WorkerArgs(here, [], workers=1, max_async_tasks=8))
