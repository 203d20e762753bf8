"""What each process does first: it stops with one line, or all is there."""

import logging
import sys

import sqlalchemy as sa

from stages.s06_at_work.database import Base, TaskLog, get_session_factory
from stages.s06_at_work.queue import Queue
from stages.s06_at_work.required import required
from stages.s06_at_work.settings import (
    DATA,
    LOG,
    NOTIFICATIONS,
    get_database_config,
    get_email_config,
    get_redis_config,
    get_task_config,
)


class LogFile(logging.FileHandler):
    def handleError(self, _record: logging.LogRecord) -> None:  # noqa: N802
        """Say in one line that the disk is full, or what else is wrong."""
        print(f"Not written to {LOG}: {sys.exc_info()[1]}", file=sys.stderr)


def set_up_logging() -> None:
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(name)s %(levelname)s %(message)s",
        handlers=[
            logging.StreamHandler(),
            LogFile(
                LOG, encoding="utf-8", errors="backslashreplace", delay=True
            ),
        ],
    )


def prepare_database() -> None:
    engine = get_session_factory().kw["bind"]
    try:
        Base.metadata.create_all(engine)
    except sa.exc.DBAPIError:
        if not sa.inspect(engine).has_table(TaskLog.__tablename__):
            raise  # otherwise another process was faster
    with engine.connect() as connection:
        connection.execute(sa.select(TaskLog).limit(0))
    engine.dispose()  # else a worker's forks would share this connection


def prepare(queue: Queue | None = None) -> None:
    """Check the folder, the settings, the log file and the database.

    The mail server is left alone: it may be away for a while.
    """
    with required("Make this folder and its files writable"):
        DATA.mkdir(exist_ok=True)
        for path in (NOTIFICATIONS, LOG):
            path.open("a").close()
    set_up_logging()
    get_email_config()
    get_task_config()
    get_redis_config()
    get_database_config()
    with required("Let DATABASE_URL name a database that this stage may use"):
        prepare_database()
    if queue:
        with required("The queue cannot be used"):
            queue.start()
