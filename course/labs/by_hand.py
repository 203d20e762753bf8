"""A stage's engine with the work written by hand, to be compared with it.

    BY_HAND=same      the same statements and commits as the stage
    BY_HAND=shortest  one INSERT for a request, one UPDATE for a task
    BY_HAND=nothing   the same INSERT, and no statement for a task

It takes the place of course.labs.crash.staged: an application for uvicorn,
and a program that is the stage's own worker, but for what it runs.
"""

import importlib
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from fastapi import BackgroundTasks, FastAPI
from pydantic import EmailStr
from sqlalchemy.orm import Session, make_transient_to_detached

from course.labs.crash.disk import do_not_wait_for_the_disk
from course.labs.crash.effect import work
from stages.s06_at_work import tasks
from stages.s06_at_work.database import (
    ENDED,
    Base,
    TaskLog,
    get_session_factory,
    utc_now,
)

if TYPE_CHECKING:
    from stages.s06_at_work.queue import Queue

STAGE = os.environ["CRASH_STAGE"]
SAME = os.environ["BY_HAND"] == "same"
KIND = "send-notification"
new_session = get_session_factory()
by_the_stage = tasks.call
table = Base.metadata.tables["task_logs"]  # without the ORM
open_row = table.c.status.not_in(ENDED)
result = table.c.kind, table.c.payload, table.c.attempts


def run_by_hand(log_id: int) -> None:
    """Run a task from its row."""
    if os.environ["BY_HAND"] == "nothing":
        work("1@example.com", "Hello World!")
        return
    row = sa.update(table).where(table.c.id == log_id)
    with new_session() as session:
        if SAME:
            started = {"status": "started", "attempts": table.c.attempts + 1}
            query = row.where(open_row).values(started).returning(*result)
            found = session.execute(query).one_or_none()
            session.commit()
            if not found:
                return
            work(**found.payload)
        else:
            work("1@example.com", "Hello World!")
        ended = {"status": "completed", "completed_at": utc_now()}
        query = row.where(open_row).values(ended).returning(*result)
        session.execute(query).one()
        session.commit()


def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Take the place of the stages' `call`: run a task by hand."""
    if function is tasks.run_task:
        run_by_hand(*arguments)
        return KIND
    return by_the_stage(function, *arguments)


def remember(session: Session, log_id: int) -> None:
    """Let the session know the row, as the stage's does: it is no query."""
    log = TaskLog(id=log_id, kind=KIND)
    make_transient_to_detached(log)
    session.add(log)


def make_app() -> FastAPI:
    """Return an application that starts as the stage's, and hands over."""
    stage: FastAPI = importlib.import_module(f"stages.{STAGE}.app").app
    queue: Queue | None = stage.state.queue
    app = FastAPI(lifespan=stage.router.lifespan_context)
    app.state.queue = queue  # its lifespan starts and stops it

    @app.post("/send-notification/{email}")
    def send_notification(
        email: EmailStr, background_tasks: BackgroundTasks
    ) -> dict[str, str]:
        payload = {"email": email, "message": "Hello World!"}
        values = {"task_name": KIND, "kind": KIND, "payload": payload}
        insert = sa.insert(table).values(values).returning(table.c.id)
        with new_session() as session:
            log_id = session.scalars(insert).one()
            if STAGE == "s10_procrastinate":
                remember(session, log_id)
            published = queue and queue.publish_in(session, log_id)
            session.commit()
            if not queue:
                background_tasks.add_task(run_by_hand, log_id)
            elif not published:
                queue.publish(log_id)
                if SAME:
                    row = sa.update(table).where(table.c.id == log_id)
                    session.execute(row.values(published_at=sa.func.now()))
                    session.commit()
        return {"message": "Notification sent in the background"}

    return app


tasks.call = call
if os.environ.get("CRASH_NO_FSYNC"):
    do_not_wait_for_the_disk()
if __name__ == "__main__":
    worker = importlib.import_module(f"stages.{STAGE}.worker")
    worker.main(*sys.argv[1:])
elif __name__ != "__mp_main__":  # a process that an engine has started
    app = make_app()
