"""Why "cannot reuse already awaited coroutine" with @lru_cache and Depends?

Answer: `lru_cache` around an `async def` dependency caches the coroutine, not
its result. A coroutine can be awaited once: the first request works, and each
later one fails with 500, "RuntimeError: cannot reuse already awaited
coroutine". Before FastAPI 0.123.5 even the first request got the coroutine
instead of its result.

Instead: Cache a `def` dependency, or load the value once in the lifespan and
let an uncached dependency return it, as `right` does.

Since: changed in FastAPI 0.123.5; wrong on all versions.

Proof: `_is_coroutine_callable` in fastapi/dependencies/models.py looks through
the decorator, to the `async def`.

Asked: https://github.com/fastapi/fastapi/pull/9555
https://github.com/fastapi/fastapi/issues/1102
https://github.com/python/cpython/issues/90780

Deeper: stage 4, notebooks/04_email_service.ipynb,
https://fastapi.tiangolo.com/advanced/settings/
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, Request

sent: list[str] = []


async def load_sender() -> str:
    return "office@example.com"  # of a database, or of another service


@lru_cache
async def get_cached_sender() -> str:
    return await load_sender()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.sender = await load_sender()
    yield


app = FastAPI(lifespan=lifespan)


def get_sender(request: Request) -> str:
    sender: str = request.app.state.sender
    return sender


def work(sender: str) -> None:
    sent.append(sender.upper())


@app.post("/wrong")
def asks_the_cache(
    background_tasks: BackgroundTasks,
    sender: Annotated[str, Depends(get_cached_sender)],
) -> None:
    background_tasks.add_task(work, sender)


@app.post("/right")
def asks_the_state(
    background_tasks: BackgroundTasks,
    sender: Annotated[str, Depends(get_sender)],
) -> None:
    background_tasks.add_task(work, sender)
