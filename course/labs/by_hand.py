"""Our `enqueue` beside the bare engine with INSERT and commit by hand.

python -m course.labs.by_hand Celery 40 20

prints the seconds for a call, ours in the first line, one for each round.
It needs REDIS_URL and DATA_DIR; nobody takes the tasks.
"""

import importlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import perf_counter

import anyio
import sqlalchemy as sa
from anyio import from_thread, to_thread

from stages.s06_survive_restart.runner import Queue, TaskRunner
from stages.s06_survive_restart.tasks import (
    Base,
    TaskLog,
    get_session_factory,
    get_task_config,
)

EMAIL, MESSAGE = "ada@example.com", "Hello World!"
STAGES = {"Celery": "s07_celery", "RQ": "s08_rq", "Taskiq": "s09_taskiq"}
Call = Callable[[], object]


def bare(engine: str) -> Call:
    """Return what the engine's documentation shows."""
    module = f"course.labs.crash.installed_{engine.lower()}"
    installed = importlib.import_module(module)
    if engine == "Celery":
        return lambda: installed.notify.delay(EMAIL, MESSAGE)
    if engine == "RQ":
        return lambda: installed.queue.enqueue(installed.work, EMAIL, MESSAGE)

    async def kiq() -> None:
        await installed.notify.kiq(EMAIL, MESSAGE)

    return lambda: from_thread.run(kiq)


def with_insert(publish: Call) -> Call:
    """Return it behind the same row and commit, written out by hand."""
    new_session = get_session_factory()

    def enqueue() -> None:
        with new_session() as db:
            query = sa.insert(TaskLog).returning(TaskLog.id)
            now = datetime.now(UTC)
            payload = {"email": EMAIL, "message": MESSAGE}
            values = {
                "task_name": "send-notification",
                "payload": payload,
                "task": "send-notification",
                "runner": "by hand",
                "lease": now + timedelta(seconds=15),
                "created_at": now,
            }
            db.execute(query, values).scalar_one()
            db.commit()
            publish()

    return enqueue


def ours(engine: str) -> Call:
    """Return what an endpoint of the stages calls."""
    worker = importlib.import_module(f"stages.{STAGES[engine]}.worker")
    queue = Queue("bench", worker.publish, worker.BrokerGone)
    new_session, config = get_session_factory(), get_task_config()

    def enqueue() -> None:
        with new_session() as db:
            runner = TaskRunner(db, queue, config)
            runner.enqueue("send-notification", email=EMAIL, message=MESSAGE)

    return enqueue


def timed(call: Call, calls: int) -> float:
    """Return the seconds for one call."""
    began = perf_counter()
    for _ in range(calls):
        call()
    return (perf_counter() - began) / calls


def compare(engine: str, rounds: int, calls: int) -> list[list[float]]:
    """Measure both in turn, round after round; the first one warms up."""
    with get_session_factory().begin() as db:
        Base.metadata.create_all(db.connection())
    both = [ours(engine), with_insert(bare(engine))]
    times: list[list[float]] = [[], []]
    for number in range(rounds + 1):
        for which in (0, 1) if number % 2 else (1, 0):
            times[which].append(timed(both[which], calls))
    return [each[1:] for each in times]


async def main() -> None:
    """Measure in a thread, where endpoints run, and print."""
    engine, rounds, calls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    for times in await to_thread.run_sync(compare, engine, rounds, calls):
        print(*times)


if __name__ == "__main__":
    anyio.run(main)
