"""Why are contextvars (a request ID) of a sync dependency unset in the task?

Answer: A `def` dependency runs in a worker thread, in a copy of the request's
context: what it sets there is gone when it returns. So the context variable is
empty in the endpoint and in its background task, and the request ID is missing
in their logs. An `async def` dependency runs in the request's own context.

Instead: Set it in an `async def` dependency, or in a pure ASGI middleware.
The task then sees it, in a thread too: it gets a copy. For a worker, put the
ID into the message.

Since: all versions.

Proof: "context = copy_context()" in anyio/_backends/_asyncio.py,
`run_sync_in_worker_thread`.

Asked: https://github.com/fastapi/fastapi/issues/953
https://github.com/fastapi/fastapi/pull/13453
https://github.com/open-telemetry/opentelemetry-python-contrib/issues/3586

Deeper: stage 3, notebooks/03_chained_dependencies.ipynb,
https://fastapi.tiangolo.com/tutorial/dependencies/
"""

from contextvars import ContextVar
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, Header

app = FastAPI()
request_id: ContextVar[str] = ContextVar("request_id", default="unset")
logged: list[str] = []
IdDep = Annotated[str, Header(alias="x-request-id")]
REQUEST = {"headers": {"x-request-id": "42"}}  # what a client sends


def set_in_a_thread(value: IdDep) -> None:
    request_id.set(value)


async def set_here(value: IdDep) -> None:
    request_id.set(value)


def work() -> None:
    logged.append(request_id.get())


@app.post("/wrong", dependencies=[Depends(set_in_a_thread)])
async def wrong(background_tasks: BackgroundTasks) -> str:
    background_tasks.add_task(work)
    return request_id.get()


@app.post("/right", dependencies=[Depends(set_here)])
async def right(background_tasks: BackgroundTasks) -> str:
    background_tasks.add_task(work)
    return request_id.get()
