"""Is the request's database session open or closed in a background task?

Answer: It is open: from FastAPI 0.118 on a dependency is left after the last
task. But do not use it there. A session that has read anything since its last
commit (`refresh` does) holds its connection until then, and an exception of
the task is raised inside the dependency. From 0.106 to 0.117 the session was
closed before the task began.

Instead: Commit, give the task the row's ID, and let it open a session of its
own when it needs one. It then holds no connection while it does something
slow.

Since: changed in FastAPI 0.106 and again in 0.118.

Proof: https://fastapi.tiangolo.com/release-notes/ (0.106.0 and 0.118.0);
`request_response` in fastapi/routing.py awaits the response, tasks included,
before it leaves the dependencies.

Asked: https://github.com/fastapi/fastapi/issues/581
https://github.com/fastapi/fastapi/pull/10831
https://github.com/DataJunction/dj/pull/1492

Deeper: stage 5, notebooks/05_task_tracker.ipynb,
https://fastapi.tiangolo.com/advanced/advanced-dependencies/
"""

from collections.abc import Iterator
from typing import Annotated

import sqlalchemy as sa
from fastapi import BackgroundTasks, Depends, FastAPI
from sqlalchemy.orm import DeclarativeBase, Mapped, Session

app = FastAPI()
engine = sa.create_engine("sqlite:///q04.db")
held: list[int] = []  # how many connections were in use during the mail


class Base(DeclarativeBase): ...


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = sa.orm.mapped_column(primary_key=True)
    mailed: Mapped[bool] = sa.orm.mapped_column(default=False)


def get_db() -> Iterator[Session]:
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_db)]


def send_mail() -> None:  # stands in for something slow
    held.append(engine.pool.checkedout())  # type: ignore[attr-defined]


def work_with_its_session(order: Order, session: Session) -> None:
    send_mail()
    order.mailed = True
    session.commit()


def work(order_id: int) -> None:
    send_mail()
    with Session(engine) as session, session.begin():
        session.get_one(Order, order_id).mailed = True


@app.post("/wrong")
def wrong(session: SessionDep, background_tasks: BackgroundTasks) -> int:
    order = Order()
    session.add(order)
    session.commit()
    session.refresh(order)  # begins a transaction
    background_tasks.add_task(work_with_its_session, order, session)
    return order.id


@app.post("/right")
def right(session: SessionDep, background_tasks: BackgroundTasks) -> int:
    order = Order()
    session.add(order)
    session.flush()
    order_id = order.id  # reading it after the commit is a new query
    session.commit()
    background_tasks.add_task(work, order_id)
    return order_id
