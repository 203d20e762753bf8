"""Why does Depends with a SQLAlchemy session lead to a deadlock of the pool?

Answer: "QueuePool limit of size 5 overflow 10 reached, connection timed out":
requests hold all connections, and each waits for one more. On FastAPI 0.118
and later a request's session is closed only after the background tasks. If it
still holds a connection then, and the task wants one of its own, enough such
requests wait for one another. With a pool of one, as here, a single request
does.

Instead: End the transaction before the endpoint returns: call `commit()` or
`close()` last, and read nothing after it (`refresh` reads). From FastAPI 0.121
on `Depends(get_db, scope="function")` closes the session before the response.

Since: FastAPI 0.118 for tasks; with two sessions in one request all versions.

Proof: https://docs.sqlalchemy.org/en/21/errors.html#error-3o7r

Asked: https://github.com/fastapi/fastapi/issues/3205
https://github.com/fastapi/full-stack-fastapi-template/issues/104
https://github.com/fastapi/fastapi/pull/12066

Deeper: stage 5, notebooks/05_task_tracker.ipynb,
https://fastapi.tiangolo.com/advanced/advanced-dependencies/
"""

from collections.abc import Iterator
from typing import Annotated

import sqlalchemy as sa
from fastapi import BackgroundTasks, Depends, FastAPI
from sqlalchemy.orm import DeclarativeBase, Mapped, Session

app = FastAPI()
engine = sa.create_engine(
    "sqlite:///q12.db", pool_size=1, max_overflow=0, pool_timeout=0.2
)


class Base(DeclarativeBase): ...


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = sa.orm.mapped_column(primary_key=True)


def get_db() -> Iterator[Session]:
    with Session(engine) as session:
        Base.metadata.create_all(session.connection())
        yield session


SessionDep = Annotated[Session, Depends(get_db)]


def work() -> None:
    with Session(engine) as session:
        session.scalars(sa.select(Order)).all()


@app.post("/wrong")
def wrong(session: SessionDep, background_tasks: BackgroundTasks) -> int:
    order = Order()
    session.add(order)
    session.commit()
    background_tasks.add_task(work)
    return order.id  # a query: the connection is held again


@app.post("/right")
def right(session: SessionDep, background_tasks: BackgroundTasks) -> int:
    order = Order()
    session.add(order)
    session.flush()
    order_id = order.id
    session.commit()
    background_tasks.add_task(work)
    return order_id
