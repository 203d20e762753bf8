"""Why is my data rolled back when a background task fails?

Answer: A dependency with `yield` is left after the background tasks. If a task
raises, its exception goes through that `yield`: `except: rollback()`, or the
end of `session.begin()`, undoes what the endpoint has written, though the
client has its 200. A task that takes long keeps the transaction open, too.

Instead: Commit in the endpoint, before it returns. From FastAPI 0.121 on
`Depends(get_session, scope="function")` is left before the response.

Since: changed in FastAPI 0.118: from 0.106 to 0.117 the dependency was left
before the response.

Proof: `request_response` in fastapi/routing.py awaits the response, and with
it the tasks, inside the exit stack.

Asked: https://github.com/fastapi/fastapi/pull/14099
https://github.com/fastapi/fastapi/pull/10831
https://github.com/fastapi/fastapi/issues/869

Deeper: stage 5, notebooks/05_task_tracker.ipynb,
https://fastapi.tiangolo.com/advanced/advanced-dependencies/
"""

from collections.abc import Iterator
from typing import Annotated

import sqlalchemy as sa
from fastapi import BackgroundTasks, Depends, FastAPI
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

app = FastAPI()
engine = sa.create_engine(  # one connection, in memory
    "sqlite://",
    poolclass=StaticPool,
    connect_args={"check_same_thread": False},
)
orders = sa.Table("orders", sa.MetaData(), sa.Column("item", sa.Text))
orders.create(engine)


def get_session() -> Iterator[Session]:
    with Session(engine) as session, session.begin():  # commits or rolls back
        yield session


def get_plain_session() -> Iterator[Session]:
    with Session(engine) as session:
        yield session


def work() -> None:
    raise ConnectionError("The mail server does not answer.")


@app.post("/wrong")
def leaves_the_commit_to_the_dependency(
    background_tasks: BackgroundTasks,
    session: Annotated[Session, Depends(get_session)],
) -> str:
    session.execute(orders.insert().values(item="lamp"))
    background_tasks.add_task(work)
    return "ordered"


@app.post("/right")
def commits(
    background_tasks: BackgroundTasks,
    session: Annotated[Session, Depends(get_plain_session)],
) -> str:
    session.execute(orders.insert().values(item="lamp"))
    session.commit()
    background_tasks.add_task(work)
    return "ordered"
