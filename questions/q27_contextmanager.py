"""Can I use one @contextmanager for Depends and in a background task?

Answer: Only undecorated. `Depends` itself makes a context manager of each
function with `yield`. It does so with a decorated function too, and the
request fails with 500: "TypeError: '_GeneratorContextManager' object is not an
iterator" (before FastAPI 0.163 "has no attribute 'throw'"). Before 0.123.5 the
endpoint got the context manager itself, which has none of your attributes.

Instead: Leave the function plain for `Depends`, and decorate it where there is
no request: `with contextmanager(get_account)() as account` in the task.

Since: changed in FastAPI 0.123.5 and 0.163; wrong on all versions.

Proof: `_solve_generator` in fastapi/dependencies/utils.py, and the docs: "you
don't have to use the decorators for FastAPI dependencies (and you shouldn't)".

Asked: https://github.com/fastapi/fastapi/issues/2212
https://github.com/fastapi/fastapi/issues/1328
https://github.com/fastapi/fastapi/issues/49

Deeper: stage 5, notebooks/05_task_tracker.ipynb,
https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI

app = FastAPI()


class Account:
    """Something to open and to close, as a database session."""

    open = True
    notes: tuple[str, ...] = ()

    def note(self, text: str) -> None:
        if not self.open:
            raise RuntimeError("The account is closed.")
        Account.notes += (text,)


def get_account() -> Iterator[Account]:
    account = Account()
    yield account
    account.open = False


get_managed = contextmanager(get_account)  # as with @contextmanager above it


def work() -> None:
    with contextmanager(get_account)() as account:
        account.note("task")


@app.post("/wrong")
def gets_a_manager(
    background_tasks: BackgroundTasks,
    account: Annotated[Account, Depends(get_managed)],
) -> None:
    account.note("endpoint")
    background_tasks.add_task(work)


@app.post("/right")
def gets_an_account(
    background_tasks: BackgroundTasks,
    account: Annotated[Account, Depends(get_account)],
) -> None:
    account.note("endpoint")
    background_tasks.add_task(work)
