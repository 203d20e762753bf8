"""RQ's process: python -m stages.s08_rq.worker.

A worker has no application and no app.dependency_overrides: what is put into
`overrides` here, before `main()` is called, takes their place.
"""

import os
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from math import ceil
from threading import Event

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError as BrokerGone
from redis.retry import Retry as ClientRetry
from rq import Queue, Retry, Worker
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer

from stages.s06_survive_restart.tasks import (
    Overrides,
    TryAgainError,
    call,
    deliver,
    get_task_config,
    prepare,
)

__all__ = ["BrokerGone", "main", "overrides", "publish"]

overrides: Overrides = {}
stopping = Event()


@lru_cache
def get_queue() -> Queue:
    """Make one for the process; beside each setting, what is without it."""
    redis = Redis.from_url(
        os.environ.get("REDIS_URL") or "redis://localhost:6379/0",
        # A request waits for a broker that does not answer, for ever.
        socket_connect_timeout=0.4,
        socket_timeout=0.4,
        # It waits while the client tries again and again, for seconds.
        retry=ClientRetry(NoBackoff(), 1),
    )
    # Whoever can write to the broker can run any code here: pickle.
    return Queue("stage8", connection=redis, serializer=JSONSerializer)


def run(log_id: int) -> Retry | None:
    try:
        call(deliver, log_id, overrides=overrides)
    except TryAgainError as later:
        return Retry(get_task_config().attempts, ceil(later.pause))
    return None


def publish(log_id: int) -> None:
    # Results pile up in the broker for 500 s (the row is the result), and a
    # task that takes longer than three minutes is killed.
    get_queue().enqueue(run, log_id, result_ttl=0, job_timeout=-1)


class PatientWorker(Worker):
    # A worker looks once a minute whether a broker that was gone is back.
    max_connection_wait_time = 5

    def handle_warm_shutdown_request(self) -> None:
        stopping.set()
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]


def work() -> None:
    queue = get_queue()
    PatientWorker(
        [queue],
        connection=queue.connection,
        serializer=JSONSerializer,
        # With these three, RQ gives back what a killed worker had after a
        # minute or two; without, after seven, if nothing else arrives.
        worker_ttl=30,
        maintenance_interval=10,
        job_monitoring_interval=5,
    ).work(with_scheduler=True)  # else nobody waits for a second attempt


def main() -> None:
    """Work until SIGTERM; what has begun is brought to its end."""
    prepare()
    while not stopping.is_set():
        # A worker ends when the broker goes during a task: begin anew.
        with suppress(BrokerGone, StopRequested):
            work()
            stopping.wait(1)


if __name__ == "__main__":  # by its name: not a second copy of this module
    import_module("stages.s08_rq.worker").main()
