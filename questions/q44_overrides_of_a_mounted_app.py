"""Why are dependency_overrides ignored in a mounted sub-application?

Answer: A mounted application is an application of its own, with overrides of
its own: FastAPI uses those of the application that answers the request. A fake
that a test sets on the main application does not reach it, so the real task
runs and the mail is sent.

Instead: Let both share one dict, once, where you mount; or set the override on
the mounted application. Routers that `include_router` adds need nothing.

Since: all versions.

Proof: `dependency_overrides_provider` in fastapi/applications.py is the
application that made the router.

Asked: https://github.com/fastapi/fastapi/issues/5115
https://github.com/DeanWay/fastapi-versioning/issues/19

Deeper: stage 2, notebooks/testing.ipynb,
https://fastapi.tiangolo.com/advanced/sub-applications/
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI

app, alone, sharing = FastAPI(), FastAPI(), FastAPI()
app.mount("/wrong", alone)
app.mount("/right", sharing)
sharing.dependency_overrides = app.dependency_overrides

sent: list[str] = []


def work(address: str) -> None:
    sent.append(address)


Work = Callable[[str], None]


def get_work() -> Work:
    return work


@alone.post("/")
@sharing.post("/")
def invite(
    background_tasks: BackgroundTasks, task: Annotated[Work, Depends(get_work)]
) -> None:
    background_tasks.add_task(task, "ada@example.com")
