"""Why "SQLite objects … can only be used in that same thread" in my task?

Answer: "SQLite objects created in a thread can only be used in that same
thread": a connection of sqlite3 belongs to the thread that opened it. FastAPI
runs `async def` in the event loop's thread, and each `def` (dependency,
endpoint, task) in any thread of a pool. Even two `def` of one request may be
in two threads, so it fails now and then.

Instead: Open the connection in the task that uses it. Or pass
`check_same_thread=False`, if only one thread at a time uses the connection;
SQLAlchemy 2 does so for a file by itself.

Since: all versions.

Proof: https://docs.python.org/3/library/sqlite3.html#sqlite3.connect and
`run_in_threadpool` in starlette/concurrency.py.

Asked: https://github.com/fastapi/fastapi/issues/5891
https://github.com/mfreeborn/fastapi-sqlalchemy/issues/45
https://github.com/AKVorrat/dearmep/pull/95

Deeper: stage 5, notebooks/05_task_tracker.ipynb,
https://fastapi.tiangolo.com/async/
"""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI

app = FastAPI()
found: list[object] = []


async def get_connection() -> AsyncIterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        yield connection


def work(connection: sqlite3.Connection) -> None:
    found.append(connection.execute("SELECT 'a row'").fetchone())


def work_with_its_own() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        work(connection)


@app.post("/wrong")
async def gives_its_connection(
    background_tasks: BackgroundTasks,
    connection: Annotated[sqlite3.Connection, Depends(get_connection)],
) -> None:
    background_tasks.add_task(work, connection)


@app.post("/right")
async def gives_none(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(work_with_its_own)
