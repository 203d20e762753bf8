"""Why does the client get 200 when the commit after `yield` fails?

Answer: The code after `yield` runs when the response has been sent. If the
dependency commits there and the database refuses, the client has read
"success", the data is lost, and only the server's log has the exception.

Instead: Commit in the endpoint, before it returns, and answer with an error
if that fails. From FastAPI 0.121 on `Depends(get_db, scope="function")` also
runs the code after `yield` before the response.

Since: FastAPI 0.118. From 0.106 to 0.117 the code after `yield` ran before
the response, and before 0.106 after it.

Proof: https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/
and `request_response` in fastapi/routing.py: "await response" is inside
the stack of the dependencies.

Asked: https://github.com/yuval9313/FastApi-RESTful/issues/171
https://github.com/vstorm-co/agenticos/pull/428
https://github.com/fastapi/fastapi/pull/2697

Deeper: stage 5, notebooks/05_task_tracker.ipynb,
https://fastapi.tiangolo.com/advanced/advanced-dependencies/
"""

from collections.abc import Iterator
from typing import Annotated

import sqlalchemy as sa
from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy.orm import DeclarativeBase, Mapped, Session

app = FastAPI()
engine = sa.create_engine("sqlite:///q06.db")


class Base(DeclarativeBase): ...


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = sa.orm.mapped_column(primary_key=True)
    email: Mapped[str] = sa.orm.mapped_column(unique=True)


def commit_later() -> Iterator[Session]:
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
        session.commit()  # too late for an answer


def get_db() -> Iterator[Session]:
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        yield session


def two_of_one_address() -> list[User]:
    return [User(email="ada@example.com"), User(email="ada@example.com")]


@app.post("/wrong")
def wrong(session: Annotated[Session, Depends(commit_later)]) -> str:
    session.add_all(two_of_one_address())
    return "stored"


@app.post("/right")
def right(session: Annotated[Session, Depends(get_db)]) -> str:
    session.add_all(two_of_one_address())
    try:
        session.commit()
    except sa.exc.IntegrityError:
        raise HTTPException(409, "This address is taken.") from None
    return "stored"
