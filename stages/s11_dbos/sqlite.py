"""What DBOS needs where its database is a SQLite file."""

import atexit
import sqlite3
import time
from functools import cache

import sqlalchemy as sa

from stages.s06_at_work.required import required
from stages.s06_at_work.settings import DATA


@sa.event.listens_for(sa.Engine, "connect")
def add_unixepoch(connection: object, _record: object) -> None:
    """Let an old SQLite know unixepoch('subsec'), the clock that DBOS uses.

    SQLite has it from 3.42 on. Before, each task fails where Python is 3.12
    or newer: in the image python:3.12-bookworm, for example.
    """
    if isinstance(connection, sqlite3.Connection):
        connection.create_function("unixepoch", 1, lambda _: time.time())


@cache  # a process that starts twice, as in tests, has it already
def lock_folder() -> sqlite3.Connection:
    """Let no second process start: it would recover what this one runs."""
    path = DATA / "dbos.lock"
    lock = sqlite3.connect(path, timeout=0, check_same_thread=False)
    atexit.register(lock.close)  # also after a refused start
    with required("End the other process that runs the tasks"):
        lock.execute("BEGIN EXCLUSIVE")  # until this process ends
    return lock
