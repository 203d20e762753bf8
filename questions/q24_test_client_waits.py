"""Why does TestClient wait until my background tasks have ended?

Answer: TestClient calls the whole application, and its background tasks are
part of that call: `client.post` returns when the last task has ended. So a
test is as slow as its tasks, and cannot show that the response comes first. No
option leaves the tasks out; only `client.stream` shows the response while they
run, and only since Starlette 1.9.

Instead: Let a dependency give the task. A test replaces it by a fake that
remembers, and nothing slow runs. A real server in a thread shows that the
response comes first.

Since: all versions; `client.stream` changed in Starlette 1.9.

Proof: `handle_request` in starlette/testclient.py reads until the application
has returned.

Asked: https://github.com/Kludex/starlette/issues/533
https://github.com/fastapi/fastapi/issues/1668
https://github.com/fastapi/fastapi/issues/1313

Deeper: stage 2, notebooks/testing.ipynb,
https://fastapi.tiangolo.com/advanced/testing-dependencies/
"""

import time
from collections.abc import Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI

app = FastAPI()
sent: list[str] = []


def work(address: str) -> None:
    time.sleep(0.1)  # a mail server that is slow
    sent.append(address)


@app.post("/wrong")
def names_its_task(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(work, "ada@example.com")


Work = Callable[[str], None]


def get_work() -> Work:
    return work


@app.post("/right")
def asks_for_its_task(
    background_tasks: BackgroundTasks, task: Annotated[Work, Depends(get_work)]
) -> None:
    background_tasks.add_task(task, "ada@example.com")
