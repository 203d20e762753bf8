"""Bare endpoints to measure the stages by: the same work, one function each.

How many dependencies an endpoint has stands in its name. They do nothing:
what is compared is what a stage does beside waiting for them.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Annotated

import sqlalchemy as sa
from fastapi import BackgroundTasks, Depends, FastAPI
from pydantic import EmailStr

from stages import s01_background_tasks as s01
from stages import s03_chained_dependencies as s03
from stages import s05_task_tracker as s05

FILE = s01.NOTIFICATIONS
log = logging.getLogger(__name__)


def one() -> None:
    """Do nothing, in a worker thread, as every `def` dependency."""


def two() -> None:
    """Do nothing either: FastAPI calls the same function only once."""


def three() -> None:
    """Do nothing."""


def held() -> Iterator[None]:
    """Do nothing until the request is over, as a database session."""
    yield


def write(email: str, message: str) -> None:
    """Append a line, as stages 1 and 2."""
    with FILE.open("a", encoding="utf-8") as file:
        file.write(f"Notification for {email}: {message}\n")


def write_and_log(email: str, message: str) -> None:
    """Append a line between two of the log, as stage 3."""
    log.info("Sending notification to %s", email)
    with FILE.open("a", encoding="utf-8") as file:
        file.write(f"Notification for {email}: {message}\n")
    log.info("Notification sent to %s", email)


def notify(
    task: Callable[[str, str], None], *providers: Callable[[], object]
) -> FastAPI:
    """Return an application that adds a task, and waits for providers."""
    dependencies = [Depends(each) for each in providers]
    app = FastAPI(lifespan=s03.lifespan, dependencies=dependencies)

    @app.post("/send-notification/{email}")
    async def send_notification(
        email: EmailStr, background_tasks: BackgroundTasks
    ) -> dict[str, str]:
        background_tasks.add_task(task, email, "Hello World!")
        return {"message": "Notification sent in the background"}

    return app


notify_0 = notify(write)
notify_again = notify(write)  # what differs from it is noise
notify_1 = notify(write, one)
notify_log_0 = notify(write_and_log)
notify_log_2 = notify(write_and_log, one, two)


# --- stage 3 once more, with providers that need no thread ------------------


async def get_logger() -> logging.Logger:
    """Return what stage 3 returns, without a worker thread."""
    return s03.get_logger()


async def get_notification_task(
    logger: Annotated[logging.Logger, Depends(get_logger)],
) -> s03.NotificationTask:
    """Return what stage 3 returns, without a worker thread."""
    return s03.get_notification_task(logger)


notify_async = FastAPI(lifespan=s03.lifespan)


@notify_async.post("/send-notification/{email}")
async def send_notification(
    email: EmailStr,
    background_tasks: BackgroundTasks,
    task: Annotated[s03.NotificationTask, Depends(get_notification_task)],
) -> dict[str, str]:
    """Do what stage 3 does; only the providers are `async def`."""
    background_tasks.add_task(task, email, "Hello World!")
    return {"message": "Notification sent in the background"}


# --- stage 5's record of a task, by hand and by the ORM ---------------------

INSERT = sa.text(
    "INSERT INTO task_logs (task_name, status, created_at)"
    " VALUES (:name, 'scheduled', :now)"
)
START = sa.text("UPDATE task_logs SET status='started' WHERE id = :id")
FINISH = sa.text(
    "UPDATE task_logs SET status='completed', completed_at = :now"
    " WHERE id = :id"
)


def now() -> str:
    """Return the time as SQLite keeps it."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def run(sql: sa.TextClause, **values: object) -> int:
    """Commit one statement of its own; return the row's ID."""
    with s05.get_session_factory().kw["bind"].begin() as connection:
        row: int = connection.execute(sql, values).lastrowid
    return row


def insert_by_hand(name: str) -> int:
    """Commit a row, and return its ID."""
    return run(INSERT, name=name, now=now())


def work_by_hand(row: int) -> None:
    """Record the start and the end, with nothing to do in between."""
    run(START, id=row)
    run(FINISH, id=row, now=now())


def insert(name: str) -> int:
    """Commit a row as stage 5 does, and return its ID."""
    with s05.get_session_factory()() as session:
        log = s05.TaskLog(task_name=name)
        session.add(log)
        session.commit()
        return log.id


def work(row: int) -> None:
    """Record the start and the end as stage 5 does, but in one function."""
    factory = s05.get_session_factory()
    change = sa.update(s05.TaskLog).where(s05.TaskLog.id == row)
    with factory.begin() as session:
        session.execute(change.values(status="started"))
    end = {"status": "completed", "completed_at": datetime.now(UTC)}
    with factory.begin() as session:
        session.execute(change.values(end))


def tracked(
    first: Callable[[str], int],
    then: Callable[[int], None],
    *providers: Callable[[], object],
) -> FastAPI:
    """Return an application that keeps a record of a task."""
    dependencies = [Depends(each) for each in providers]
    app = FastAPI(lifespan=s05.lifespan, dependencies=dependencies)

    @app.post("/run-task/{task_name}")
    def run_task(
        task_name: str, background_tasks: BackgroundTasks
    ) -> dict[str, str]:
        background_tasks.add_task(then, first(task_name))
        return {"message": f"Task '{task_name}' scheduled"}

    return app


sql_0 = tracked(insert_by_hand, work_by_hand)
sql_4 = tracked(insert_by_hand, work_by_hand, one, two, three, held)
orm_0 = tracked(insert, work)
orm_4 = tracked(insert, work, one, two, three, held)
