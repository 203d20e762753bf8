"""Is `db = next(get_db())` right in a background task?

Answer: No. Nobody keeps the generator, so Python deletes it at once and runs
its `finally`: the session is closed before the task uses it. SQLAlchemy
silently opens a closed session again, and nothing closes it any more.

Instead: `with contextmanager(get_db)() as db:` runs the code before `yield`,
the block, and then the code after it. Or call the session factory.

Since: all versions.

Proof: https://docs.python.org/3/reference/expressions.html#generator.close

Asked: https://github.com/fastapi/fastapi/issues/4588
https://github.com/fastapi/fastapi/issues/1693
https://github.com/fastapi-admin/fastapi-admin/issues/39

Deeper: stage 5, notebooks/05_task_tracker.ipynb,
https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/
"""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()
order: list[str] = []


class Database:
    """Something to open and to close, as a session."""

    def open(self) -> None:
        order.append("opened")

    def execute(self) -> None:
        order.append("used")

    def close(self) -> None:
        order.append("closed")


def get_db() -> Iterator[Database]:
    db = Database()
    db.open()
    try:
        yield db
    finally:
        db.close()


def work_with_next() -> None:
    db = next(get_db())
    db.execute()


def work() -> None:
    with contextmanager(get_db)() as db:
        db.execute()


@app.post("/wrong")
def adds_work_with_next(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(work_with_next)


@app.post("/right")
def adds_work(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(work)
