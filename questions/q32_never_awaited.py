"""Why does my async task never run: "coroutine was never awaited"?

Answer: Starlette checks only whether the function that you add is `async def`.
A `lambda`, or a plain function around it (a decorator of your own), is not:
Starlette calls it in a thread and throws away the coroutine that it returns.
The task does nothing, and only a RuntimeWarning in the log says so.

Instead: Add the `async def` function itself with its arguments, or a
`functools.partial` of it. A wrapper has to be `async def` and to await.

Since: all versions.

Proof: `is_async_callable` in starlette/_utils.py looks into `partial`, and
into nothing else.

Asked: https://github.com/Kludex/starlette/issues/550
https://github.com/Kludex/starlette/issues/769
https://github.com/Harshil-Jani/fastapi-bgtasks-dashboard/issues/4

Deeper: stage 1, notebooks/01_background_tasks.ipynb,
https://fastapi.tiangolo.com/tutorial/background-tasks/
"""

from functools import partial

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()
sent: list[str] = []


async def work(address: str) -> None:
    sent.append(address)


@app.post("/wrong")
def adds_a_lambda(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(lambda: work("ada"))


@app.post("/right")
def adds_the_function(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(work, "ada")
    background_tasks.add_task(partial(work, "bob"))
