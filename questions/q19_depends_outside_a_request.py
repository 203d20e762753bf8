"""Can I use Depends in other functions, outside of a path operation?

Answer: No: only FastAPI reads `Depends`, and only while it serves a request.
If you call such a function yourself (in a script, at startup, in a task), the
parameter holds a Depends object instead of the session: "AttributeError:
'Depends' object has no attribute 'execute'".

Instead: A dependency is a function: call it and hand over the result. One
with `yield` becomes a `with` block by `contextlib.contextmanager`, so that
the code after the `yield` runs. (`next(get_db())` closes the session before
it is used: question 39.) Stages 6 to 11 resolve whole chains in a worker.

Since: all versions.

Proof: `solve_dependencies` in fastapi/dependencies/utils.py needs a request.

Asked: https://github.com/fastapi/fastapi/issues/1105
https://github.com/fastapi/fastapi/issues/1693
https://github.com/fastapi/fastapi/issues/5292

Deeper: stage 6, notebooks/06_at_work.ipynb,
https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from fastapi import Depends, FastAPI
from sqlalchemy.orm import Session

app = FastAPI()
engine = sa.create_engine("sqlite://")
closed: list[bool] = []


def get_db() -> Iterator[Session]:
    with Session(engine) as session:
        yield session
    closed.append(True)


@app.get("/report")
def report(session: Session = Depends(get_db)) -> int:
    return session.execute(sa.select(sa.literal(42))).scalar_one()


def wrong() -> int:
    return report()  # 'Depends' object has no attribute 'execute'


def right() -> int:
    with contextmanager(get_db)() as session:
        return report(session)
