"""Why is a background task that a dependency adds after `yield` never run?

Answer: The code after `yield` runs when the response has been sent and its
background tasks have ended. A task that is added there comes too late: it is
put into a list that nobody reads any more, without an error.

Instead: Add the task before the `yield`, with a list or a dict that the
endpoint fills. Or do the work itself after the `yield`: by then the client has
its answer.

Since: FastAPI 0.118. From 0.106 to 0.117 such a task ran.

Proof: `request_response` in fastapi/routing.py: "await response", which runs
the tasks, is inside the stack of the dependencies.

Asked: https://github.com/fastapi/fastapi/issues/14137
https://github.com/fastapi/fastapi/pull/14192
https://github.com/fastapi/fastapi/issues/2866

Deeper: stage 5, notebooks/05_task_tracker.ipynb,
https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/
"""

from collections.abc import Iterator
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI

app = FastAPI()
recorded: list[list[str]] = []


def work(actions: list[str]) -> None:
    recorded.append(actions)


def audit_after(background_tasks: BackgroundTasks) -> Iterator[list[str]]:
    actions: list[str] = []
    yield actions
    background_tasks.add_task(work, actions)  # too late


def audit_before(background_tasks: BackgroundTasks) -> Iterator[list[str]]:
    actions: list[str] = []
    background_tasks.add_task(work, actions)  # the list, not its content
    yield actions


@app.post("/wrong")
def wrong(actions: Annotated[list[str], Depends(audit_after)]) -> None:
    actions.append("deleted")


@app.post("/right")
def right(actions: Annotated[list[str], Depends(audit_before)]) -> None:
    actions.append("deleted")
