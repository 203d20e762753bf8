"""Why does max_concurrency let a request wait for another's background task?

Answer: A dependency with `yield` keeps its place until the code after `yield`
has run: by default after the response and after its background tasks. With
`max_concurrency=1` the second request is answered only when the first one's
task has ended. If you set `use_cache=False` in `Depends`, each parameter takes
a place of its own: two in one request wait for each other forever, a
deadlock.

Instead: `scope="function"` frees the place before the response leaves, so no
task holds it. Keep the default scope where the limit is meant for the task.

Since: FastAPI 0.163 and later (`scope` since 0.121, `use_cache` always).

Proof: `_contextmanager_with_concurrency_limit` in fastapi/concurrency.py holds
a semaphore around the dependency's context manager.

Asked: https://github.com/fastapi/fastapi/issues/3205
https://github.com/fastapi/fastapi/issues/1635
https://github.com/Kludex/starlette/issues/943

Deeper: stage 5, notebooks/05_task_tracker.ipynb,
https://fastapi.tiangolo.com/advanced/advanced-dependencies/
"""

from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI

app = FastAPI()


async def get_printer() -> AsyncIterator[str]:
    yield "the only printer"  # the place is taken until this returns


Held = Annotated[str, Depends(get_printer, max_concurrency=1)]
Freed = Annotated[
    str, Depends(get_printer, max_concurrency=1, scope="function")
]
Twice = Annotated[
    str, Depends(get_printer, max_concurrency=1, use_cache=False)
]


def get_work() -> Callable[[], None]:
    def work() -> None:
        """Do what is done after the response."""

    return work


WorkDep = Annotated[Callable[[], None], Depends(get_work)]


@app.post("/wrong")
async def keeps_it(
    background_tasks: BackgroundTasks, work: WorkDep, printer: Held
) -> str:
    background_tasks.add_task(work)
    return printer


@app.post("/right")
async def frees_it(
    background_tasks: BackgroundTasks, work: WorkDep, printer: Freed
) -> str:
    background_tasks.add_task(work)
    return printer


@app.post("/never")
async def waits_for_itself(first: Twice, second: Twice) -> str:
    return first + second
