"""Why does my background task run before the response is sent?

Answer: `add_task(work(x))` calls `work` immediately, in the endpoint (in the
foreground), and adds what it returned: the client waits for the work. After
the response Starlette cannot call that value: "TypeError: the first argument
must be callable". `add_task(await work(x))` does the same, and the awaitable
(coroutine) that a call of an `async def` returns is no function either.

Instead: Pass the function and its arguments apart: `add_task(work, x)`. A type
checker such as mypy finds the mistake.

Since: all versions.

Proof: `run_in_threadpool` in starlette/concurrency.py makes a
`functools.partial` of what was added, and calls that.

Asked: https://github.com/fastapi/fastapi/issues/1313
https://github.com/fastapi/fastapi/issues/404
https://github.com/Kludex/starlette/issues/550

Deeper: stage 1, notebooks/01_background_tasks.ipynb,
https://fastapi.tiangolo.com/tutorial/background-tasks/
"""

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()
sent: list[str] = []


def work(address: str) -> None:
    sent.append(address)


@app.post("/wrong")
def calls_it(background_tasks: BackgroundTasks) -> list[str]:
    background_tasks.add_task(
        work("ada"),  # type: ignore[arg-type, func-returns-value]
    )
    return sent  # what is sent when the endpoint returns


@app.post("/right")
def adds_it(background_tasks: BackgroundTasks) -> list[str]:
    background_tasks.add_task(work, "ada")
    return sent
