"""Why DetachedInstanceError ("not bound to a Session") in my task?

Answer: A commit expires the object: SQLAlchemy reads its columns again when
they are next used, and needs the object's session for that. When the session
is closed, the object is detached, and reading an attribute raises: "attribute
refresh operation cannot proceed". From FastAPI 0.118 on a dependency's session
is still open in the task, which hides the mistake.

Instead: Give the task the ID. It opens a session of its own and loads the row
as it is by then.

Since: all versions.

Proof: https://docs.sqlalchemy.org/en/21/errors.html#error-bhk3

Asked: https://github.com/bagofwords1/bagofwords/pull/263
https://github.com/DataJunction/dj/pull/1492
https://github.com/roscisz/TensorHive/issues/300

Deeper: stage 5, notebooks/05_task_tracker.ipynb,
https://fastapi.tiangolo.com/tutorial/sql-databases/
"""

import sqlalchemy as sa
from fastapi import BackgroundTasks, FastAPI
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import StaticPool

app = FastAPI()
engine = sa.create_engine(  # one connection, in memory
    "sqlite://",
    poolclass=StaticPool,
    connect_args={"check_same_thread": False},
)
greeted: list[str] = []


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


Base.metadata.create_all(engine)


def work(user: User) -> None:
    greeted.append(user.name)


def work_with_id(user_id: int) -> None:
    with Session(engine) as session:
        greeted.append(session.get_one(User, user_id).name)


@app.post("/wrong")
def gives_the_object(background_tasks: BackgroundTasks) -> None:
    with Session(engine) as session:
        user = User(name="Ada")
        session.add(user)
        session.commit()
        background_tasks.add_task(work, user)


@app.post("/right")
def gives_the_id(background_tasks: BackgroundTasks) -> None:
    with Session(engine) as session:
        user = User(name="Ada")
        session.add(user)
        session.commit()
        background_tasks.add_task(work_with_id, user.id)
