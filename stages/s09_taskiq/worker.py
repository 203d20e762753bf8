"""Taskiq's process: python -m stages.s09_taskiq.worker [scheduler|monitor]."""

import asyncio
import atexit
import faulthandler
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import ExitStack
from datetime import timedelta
from functools import lru_cache
from queue import SimpleQueue
from random import uniform
from threading import Lock
from typing import Any

from anyio import fail_after
from anyio.from_thread import BlockingPortal, start_blocking_portal
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from taskiq import (
    ScheduleSource,
    SmartRetryMiddleware,
    TaskiqEvents,
    TaskiqMessage,
    TaskiqScheduler,
)
from taskiq.acks import AcknowledgeType
from taskiq.api import run_scheduler_task
from taskiq.exceptions import SendTaskError
from taskiq.receiver import Receiver
from taskiq.schedule_sources import LabelScheduleSource
from taskiq.serializers import JSONSerializer
from taskiq_redis import ListRedisScheduleSource, RedisStreamBroker

from stages.s06_at_work.queue import Queue, publish_overdue
from stages.s06_at_work.report import start_report
from stages.s06_at_work.settings import get_logger, get_task_config
from stages.s06_at_work.start_up import prepare
from stages.s06_at_work.tasks import call, run_task

ONCE = {"retry_on_error": False}  # the schedule runs it again anyway


def run(log_id: int) -> None:
    call(run_task, log_id)


def publish_late() -> None:
    call(publish_overdue, TaskiqQueue())


def report_daily() -> None:
    call(start_report, TaskiqQueue())


class BackOff(SmartRetryMiddleware):
    def make_delay(self, message: TaskiqMessage, retries: int) -> float:
        """Taskiq's own grows by five seconds; its jitter is one second."""
        longest = get_task_config().longest_pause
        return uniform(0.5, 1) * min(2**retries, longest)


@lru_cache
def get_broker() -> RedisStreamBroker:
    config = get_task_config()
    url = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
    options: dict[str, Any] = {
        # Else it waits for ever for a broker that is cut off.
        "socket_timeout": 30,
        # Else a request waits for three more attempts.
        "retry": Retry(NoBackoff(), 1),
    }
    broker = RedisStreamBroker(
        url,
        queue_name="stage9",  # else shared with every Taskiq application
        consumer_group_name="stage9",
        consumer_id="0",  # else what came before the first worker is skipped
        # Else what a killed worker had comes back after ten minutes; while a
        # task may still run, it would run twice.
        idle_timeout=(config.time_limit + 60) * 1000,
        xread_count=1,  # else a killed worker held a hundred others, too
        unacknowledged_batch_size=1,  # the same for what is taken over
        # Else a worker killed in that moment stops all others for ever.
        unacknowledged_lock_timeout=10,
        maxlen=100_000,  # else what is done stays and fills the memory
        **options,
    )
    retries = ListRedisScheduleSource(
        url,
        prefix="stage9-retries",
        serializer=JSONSerializer(),  # else a pickle
        **options,
    )
    broker.add_middlewares(
        BackOff(
            default_retry_label=True,  # else an error is the end of a task
            default_retry_count=config.max_attempts,  # else three
            schedule_source=retries,  # else it is back at once
        )
    )

    @broker.on_event(TaskiqEvents.CLIENT_SHUTDOWN)
    @broker.on_event(TaskiqEvents.WORKER_SHUTDOWN)
    async def close(_: object) -> None:
        await retries.shutdown()

    broker.register_task(run, "run")
    every = {"interval": config.publish_after}
    broker.register_task(publish_late, "publish", schedule=[every], **ONCE)
    daily = {"cron": "0 6 * * *"}
    broker.register_task(report_daily, "report", schedule=[daily], **ONCE)
    broker.state.sources = [LabelScheduleSource(broker), retries]
    return broker


@lru_cache
def get_portal() -> BlockingPortal:
    """One event loop in a thread, for whatever this process publishes."""
    stack = ExitStack()
    portal = stack.enter_context(start_blocking_portal())
    stack.callback(portal.call, get_broker().shutdown)
    atexit.register(stack.close)
    return portal


class TaskiqQueue(Queue):
    lock = Lock()

    def publish(self, log_id: int) -> None:
        with self.lock:  # two first requests would make two
            portal = get_portal()
        portal.call(send, log_id)


async def send(log_id: int) -> None:
    task = get_broker().find_task("run")
    assert task
    try:
        with fail_after(0.7):  # else a request waits for a frozen broker
            await task.kiq(log_id)
    except (SendTaskError, TimeoutError) as error:
        raise ConnectionError(error.__cause__ or "no answer") from error


class MainThread(Executor):
    """Only in the main thread a signal can end a task that hangs."""

    def __init__(self) -> None:
        self.jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    def submit(
        self, function: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Future[Any]:
        future: Future[Any] = Future()

        def job() -> None:
            try:
                future.set_result(function(*args, **kwargs))
            except Exception as error:
                future.set_exception(error)

        self.jobs.put(job)
        return future

    def run(self) -> None:
        limit = get_task_config().time_limit
        while job := self.jobs.get():
            signal.alarm(limit)
            # What no signal ends, ends the process: the supervisor starts
            # another, and the task comes back.
            faulthandler.dump_traceback_later(limit + 10, exit=True)
            try:
                job()
            finally:
                signal.alarm(0)
                faulthandler.cancel_dump_traceback_later()


def time_is_up(*_: object) -> None:
    raise TimeoutError("the task took too long")


async def listen(executor: Executor, stop: asyncio.Event) -> None:
    while not stop.is_set():
        receiver = Receiver(
            get_broker(),
            executor,
            max_async_tasks=1,  # else a hundred at once
            ack_type=AcknowledgeType.WHEN_EXECUTED,  # the default is later
        )
        try:
            await receiver.listen(stop)
        except Exception as error:  # it ends with the broker
            get_logger().error("Cannot listen to the broker: %s", error)
            await asyncio.sleep(1)


def work() -> None:
    broker = get_broker()
    broker.is_worker_process = True
    portal = get_portal()
    main_thread = MainThread()
    stop = asyncio.Event()
    signal.signal(signal.SIGALRM, time_is_up)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: portal.start_task_soon(stop.set))
    listening = portal.start_task_soon(listen, main_thread, stop)
    listening.add_done_callback(lambda _: main_thread.jobs.put(None))
    main_thread.run()


async def schedule() -> None:
    broker = get_broker()
    scheduler = TaskiqScheduler(broker, broker.state.sources)
    while True:
        try:
            await run_scheduler_task(
                scheduler, run_startup=True, interval=timedelta(0)
            )
        except Exception as error:
            get_logger().error("Cannot reach the broker: %s", error)
            await asyncio.sleep(1)


async def monitor() -> None:
    broker = get_broker()
    async with Redis(connection_pool=broker.connection_pool) as redis:
        for group in await redis.xinfo_groups("stage9"):
            print("waiting:", group["lag"], "running:", group["pending"])
        pattern = "stage9-retries:data:*"
        print("retries:", len([key async for key in redis.scan_iter(pattern)]))
    await broker.shutdown()


def main() -> None:
    prepare()
    if "scheduler" in sys.argv:
        asyncio.run(schedule())
    elif "monitor" in sys.argv:
        asyncio.run(monitor())
    else:
        work()


if __name__ == "__main__":
    main()
