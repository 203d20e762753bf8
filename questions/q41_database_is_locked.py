"""Why "database is locked" (or no row found) in my background task?

Answer: The endpoint's transaction is still open: a dependency that commits
after `yield` does so after the background tasks. The task, with a session of
its own, cannot get the row that the endpoint has just added. If it writes,
SQLite lets it wait for that transaction, which waits for the task, until the
time-out: "sqlite3.OperationalError: database is locked". That error also rolls
the endpoint's transaction back (q40).

Instead: Commit in the endpoint before it returns, and add the task after that.

Since: changed in FastAPI 0.118: from 0.106 to 0.117 the dependency committed
before the response and its tasks.

Proof: `request_response` in fastapi/routing.py awaits the response, and with
it the tasks, inside the exit stack.

Asked: https://github.com/fractal-analytics-platform/fractal-server/issues/661
https://github.com/fastapi/sqlmodel/issues/220
https://github.com/fedora-infra/fmn/issues/678
https://github.com/fastapi/fastapi/issues/3824

Deeper: stage 5, notebooks/05_task_tracker.ipynb,
https://fastapi.tiangolo.com/advanced/advanced-dependencies/
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
from fastapi import BackgroundTasks, Depends, FastAPI
from sqlalchemy.orm import Session

orders = sa.Table("orders", sa.MetaData(), sa.Column("item", sa.Text))
URL = "sqlite:///data/q41.db?timeout=0.1"  # seconds; if not given, 5
engine = sa.create_engine(URL)
found: list[int] = []


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    Path("data").mkdir(exist_ok=True)  # noqa: ASYNC240 (before any request)
    orders.metadata.drop_all(engine)
    orders.metadata.create_all(engine)
    yield
    engine.dispose()


app = FastAPI(lifespan=lifespan)


def get_session() -> Iterator[Session]:
    with Session(engine) as session:
        yield session
        session.commit()


SessionDep = Annotated[Session, Depends(get_session)]


def work() -> None:
    with Session(engine) as session:
        found.append(len(session.execute(sa.select(orders)).all()))
        session.execute(orders.update().values(item="lamp, confirmed"))
        session.commit()


@app.post("/wrong")
def leaves_the_commit_to_the_dependency(
    background_tasks: BackgroundTasks, session: SessionDep
) -> None:
    session.execute(orders.insert().values(item="lamp"))
    background_tasks.add_task(work)


@app.post("/right")
def commits(background_tasks: BackgroundTasks, session: SessionDep) -> None:
    session.execute(orders.insert().values(item="lamp"))
    session.commit()
    background_tasks.add_task(work)
