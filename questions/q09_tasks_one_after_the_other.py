"""How do I run several background tasks in parallel, at the same time?

Answer: BackgroundTasks run one after the other, in the order in which they
were added. A slow one delays all that follow, and after one that raises the
others never run. They are not executed concurrently, `async def` or not.

Instead: Add one task that runs the others at once with `asyncio.gather`. A
`def` function goes in as `run_in_threadpool(function)`. With
`return_exceptions=True` one failure does not hide the others.

Since: all versions.

Proof: "for task in self.tasks: await task()" in starlette/background.py.

Asked: https://github.com/fastapi/fastapi/issues/3338
https://github.com/Kludex/starlette/issues/549
https://github.com/fastapi/fastapi/issues/10488

Deeper: stage 1, notebooks/01_background_tasks.ipynb,
https://fastapi.tiangolo.com/async/
"""

import asyncio

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()
order: list[str] = []


async def first() -> None:
    order.append("first began")
    await asyncio.sleep(0.05)
    order.append("first ended")


async def second() -> None:
    order.append("second began")
    await asyncio.sleep(0.05)
    order.append("second ended")


async def both_at_once() -> None:
    await asyncio.gather(first(), second())


@app.post("/wrong")
async def wrong(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(first)
    background_tasks.add_task(second)


@app.post("/right")
async def right(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(both_at_once)
