"""A stage of the course with the lab's task, named by CRASH_STAGE.

    uvicorn course.labs.crash.staged:app
    python -m course.labs.crash.staged [scheduler]

The task leaves a line in a file, which no transaction can take back, and a
row in the stage's database, in the transaction that records its end.
"""

import importlib
import os
import signal
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.orm import Mapped, Session, mapped_column
from taskiq_dependencies import DependencyGraph

from course.labs.crash.disk import do_not_wait_for_the_disk
from course.labs.crash.effect import work
from stages.s06_at_work import tasks
from stages.s06_at_work.database import Base
from stages.s06_at_work.payloads import Notification
from stages.s06_at_work.queue import Queue

if TYPE_CHECKING:
    from fastapi import FastAPI

STAGE = os.environ["CRASH_STAGE"]


class Effect(Base):
    """What a task leaves in the database."""

    __tablename__ = "effects"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]


def leave_both(session: Session, payload: Notification) -> None:
    """Leave a line and a row; a measurement needs the line only."""
    work(payload.email, payload.message)
    if not os.environ.get("CRASH_LINE_ONLY"):
        session.add(Effect(email=payload.email))


def get_tasks() -> tasks.Tasks:
    """Take the place of the stages' own tasks."""
    return {"send-notification": leave_both}


class KilledQueue(Queue):
    """Kills its process once: a row is committed, but not published.

    An engine that publishes in the transaction is killed there.
    """

    def __init__(self, queue: Queue, log_id: int) -> None:
        self.queue = queue
        self.log_id = log_id

    def publish_in(self, session: Session, log_id: int) -> bool:
        """Publish in the transaction, if the engine does, and be killed."""
        published = self.queue.publish_in(session, log_id)
        if published:
            self.kill(log_id)
        return published

    def publish(self, log_id: int) -> None:
        """Be killed after the commit, or publish."""
        self.kill(log_id)
        self.queue.publish(log_id)

    def kill(self, log_id: int) -> None:
        """Kill this process at its row, the first time."""
        marker = Path("killed")
        if log_id >= self.log_id and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)


def measure_without_overrides() -> None:
    """Build each graph once: with overrides, `call` builds it every time."""
    replaced = dict(tasks.overrides)
    tasks.get_graph = lru_cache(
        lambda function: DependencyGraph(function, replaced)
    )
    tasks.overrides.clear()


def make_app() -> "FastAPI":
    """Return the stage's application; CRASH_AT is a row to be killed at."""
    module = importlib.import_module(f"stages.{STAGE}.app")
    app: FastAPI = module.app
    row = os.environ.get("CRASH_AT")
    if row and app.state.queue:
        app.state.queue = KilledQueue(app.state.queue, int(row))
    return app


tasks.overrides[tasks.get_tasks] = get_tasks
if os.environ.get("CRASH_LINE_ONLY"):
    measure_without_overrides()
if os.environ.get("CRASH_NO_FSYNC"):
    do_not_wait_for_the_disk()
if __name__ == "__main__":
    worker = importlib.import_module(f"stages.{STAGE}.worker")
    worker.main(*sys.argv[1:])
elif __name__ != "__mp_main__":  # a process that an engine has started
    app = make_app()
