"""Taskiq: python -m stages.s09_taskiq.worker, scheduler, or monitor."""

import asyncio
import sys
from datetime import timedelta

from redis import Redis
from taskiq import SmartRetryMiddleware, TaskiqEvents, TaskiqScheduler
from taskiq.api import run_scheduler_task
from taskiq.cli.worker.args import WorkerArgs
from taskiq.cli.worker.run import run_worker
from taskiq.schedule_sources import LabelScheduleSource
from taskiq.serializers import JSONSerializer
from taskiq_redis import ListRedisScheduleSource, RedisStreamBroker

from stages.s06_at_work import jobs, settings
from stages.s06_at_work.portal import close_at_exit, run_async
from stages.s06_at_work.queue import Queue
from stages.s06_at_work.required import required
from stages.s06_at_work.start_up import prepare
from stages.s06_at_work.time_limits import end_with_parent, time_limit

config, url = settings.get_task_config(), settings.get_redis_config().redis_url


class BackOff(SmartRetryMiddleware):  # else three attempts, each at once
    def make_delay(self, _: object, retries: int) -> float:
        return config.pause_after(retries)  # Taskiq's own adds 5 s each time


retries = ListRedisScheduleSource(
    url, "stage9-retries", serializer=JSONSerializer()
)  # its pickles run what they hold when they are read
broker = RedisStreamBroker(  # beside each setting, what is without it
    *(url, "stage9"),  # other applications of Taskiq take our messages
    consumer_id="0",  # what came before the first worker is skipped
    idle_timeout=(config.time_limit + 20) * 1000,  # a long task runs twice
    xread_count=1,  # a worker keeps 100 messages from the others,
    unacknowledged_batch_size=1,  # of those that come back as well
    unacknowledged_lock_timeout=10,  # a worker killed then stops it for ever
    socket_timeout=30,  # a worker loses its connection in each pause of 5 s
    retry_on_timeout=True,  # a connection that is lost loses what is sent
).with_middlewares(BackOff(config.max_attempts, schedule_source=retries))
broker.add_event_handler(TaskiqEvents.WORKER_STARTUP, end_with_parent)
publisher = RedisStreamBroker(
    *(url, "stage9"),
    maxlen=100_000,  # what is done fills the memory
    socket_connect_timeout=0.3,  # a request waits for 5 s while the
    socket_timeout=0.3,  # broker is frozen,
    retry_on_timeout=True,  # and is not published after a restart of it
)
close_at_exit(publisher.shutdown)


# `async`, so in the main thread and one at a time: no other can be ended.
@broker.task("run", retry_on_error=True)  # without it, it is tried once
async def run(log_id: int) -> None:
    with time_limit(config.time_limit):
        jobs.run(log_id)


class TaskiqQueue(Queue):
    def publish(self, log_id: int) -> None:
        run_async(run.kicker().with_broker(publisher).kiq, log_id)


@broker.task("outbox", schedule=[{"interval": config.publish_after}])
async def outbox() -> None:
    jobs.outbox(TaskiqQueue())


@broker.task("report", schedule=[{"cron": "0 6 * * *"}], retry_on_error=True)
async def report() -> None:
    jobs.report(TaskiqQueue())


def main(mode: str = "worker") -> None:
    prepare()
    if mode == "worker":  # by default 100 are taken, and wait for each other
        here = "stages.s09_taskiq.worker:broker"
        run_worker(WorkerArgs(here, [], workers=1, max_async_tasks=1))
    elif mode == "scheduler":  # without the interval, a retry waits a minute
        sources = [LabelScheduleSource(broker), retries]
        scheduler = TaskiqScheduler(broker, sources)
        asyncio.run(run_scheduler_task(scheduler, interval=timedelta(0)))
    else:
        with required("Start broker and worker"), Redis.from_url(url) as redis:
            print(*redis.xinfo_groups("stage9"))
            print("retries:", len([*redis.scan_iter("stage9-retries:data:*")]))


if __name__ == "__main__":
    main(*sys.argv[1:])
