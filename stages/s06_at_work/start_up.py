"""What each process does first: it stops with one line, or all is there."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from pydantic import ValidationError

from stages.s06_at_work.database import Base, TaskLog, get_session_factory
from stages.s06_at_work.settings import (
    DATA,
    LOG,
    NOTIFICATIONS,
    get_database_config,
    get_email_config,
    get_task_config,
)


class StartError(Exception):
    """Says in one line what to do."""


@contextmanager
def required(what_to_do: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        sys.tracebacklimit = 0  # the line is all that helps
        raise StartError(f"{what_to_do}: {reason_of(error)}") from None


def reason_of(error: Exception) -> str:
    """Return its first line; for a setting its name, but not its value."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        prefix = "TASK_" if error.title == "TaskConfig" else ""
        name = "_".join(map(str, first["loc"])).upper()
        return f"{prefix}{name}: {first['msg']}"
    return str(getattr(error, "orig", error)).partition("\n")[0]


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


def prepare() -> None:
    """Check the folder, the settings, the log file and the database.

    The mail server is left alone: it may be away for a while.
    """
    with required("Make this folder and its files writable"):
        DATA.mkdir(exist_ok=True)
        for path in (NOTIFICATIONS, LOG):
            path.open("a").close()
    set_up_logging()
    with required("Correct this setting"):
        get_email_config()
        get_task_config()
        get_database_config()
    with required("Let DATABASE_URL name a database that this stage may use"):
        prepare_database()
