"""Taskiq's process: python -m stages.s09_taskiq.worker.

A worker has no application: what is put into `get_broker().dependency_overrides`
before `main()` is called takes the place of app.dependency_overrides.
"""

import os
from contextlib import suppress
from functools import lru_cache
from importlib import import_module

from anyio import fail_after, from_thread
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from taskiq.acks import AcknowledgeType
from taskiq.cli.worker.args import WorkerArgs
from taskiq.cli.worker.run import run_worker
from taskiq.exceptions import SendTaskError as BrokerGone
from taskiq_redis import RedisStreamBroker

from stages.s06_survive_restart.tasks import (
    TrackerDep,
    TryAgainError,
    prepare,
)

__all__ = ["BrokerGone", "close", "get_broker", "main", "publish"]


def run(log_id: int, track: TrackerDep) -> None:
    """Taskiq resolves dependencies by itself: FastAPI's too."""
    with suppress(TryAgainError):  # this broker knows no pause, the row does
        track(log_id)


@lru_cache
def get_broker() -> RedisStreamBroker:
    """Make one for the process; beside each setting, what is without it."""
    broker = RedisStreamBroker(
        os.environ.get("REDIS_URL") or "redis://localhost:6379/0",
        queue_name="stage9",
        # What was sent before the first worker ever started is skipped.
        consumer_id="0",
        # What a killed worker had comes back after ten minutes. Shorter than
        # the longest task, it comes while that is still running.
        idle_timeout=60_000,  # ms
        # A worker killed at the wrong moment keeps the lock that all others
        # need to take over from it, for ever.
        unacknowledged_lock_timeout=10,
        # A killed worker keeps a hundred waiting tasks.
        xread_count=1,
        # What was done stays in the broker, and its memory fills up.
        maxlen=100_000,
        # A request waits while the client tries again and again.
        retry=Retry(NoBackoff(), 1),
    )
    broker.register_task(run, "run")
    return broker


def find_broker() -> RedisStreamBroker:
    """Give Taskiq's own processes a plain function: it takes no other."""
    return get_broker()


def publish(log_id: int) -> None:
    """Endpoints run in threads: borrow the web app's event loop."""

    async def send() -> None:
        task = get_broker().find_task("run")
        assert task
        with fail_after(0.8):  # else a request waits for a frozen broker
            await task.kiq(log_id)

    try:
        from_thread.run(send)
    except TimeoutError:
        raise BrokerGone from TimeoutError("the broker does not answer")


async def close() -> None:
    """Let the web app's connections go."""
    await get_broker().shutdown()


def main() -> None:
    """Work until SIGTERM; what has begun is brought to its end."""
    prepare()
    run_worker(
        WorkerArgs(
            broker=f"{run.__module__}:find_broker",
            modules=[],
            # A task counts as done before it is.
            ack_type=AcknowledgeType.WHEN_EXECUTED,
            configure_logging=False,  # `prepare` has done that
        )
    )


if __name__ == "__main__":  # by its name: not a second copy of this module
    import_module("stages.s09_taskiq.worker").main()
