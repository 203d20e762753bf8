"""Why does a task of `asyncio.create_task` vanish, and its error with it?

Answer: The event loop keeps only a weak reference to a task. If nobody else
keeps one, the garbage collector may remove it in the middle of its work ("Task
was destroyed but it is pending!"). And nobody awaits a fire-and-forget task:
its exception is at best one line in the log, "Task exception was never
retrieved", without the request.

Instead: Keep it in a set until it is done, and look at its exception in a
callback, as `right` does; the lifespan can then wait for the set. Or use
BackgroundTasks: the server keeps and awaits them.

Since: all versions.

Proof: https://docs.python.org/3/library/asyncio-task.html#creating-tasks
("Save a reference to the result of this function").

Asked: https://github.com/python/cpython/issues/91887
https://github.com/microsoft/AzureTRE/issues/4923
https://github.com/fastapi/fastapi/issues/403

Deeper: stage 6, notebooks/06_at_work.ipynb,
https://fastapi.tiangolo.com/tutorial/background-tasks/
"""

import asyncio
import gc
import logging
import weakref

from fastapi import FastAPI

app = FastAPI()
logger = logging.getLogger(__name__)
listeners: weakref.WeakSet[asyncio.Event] = weakref.WeakSet()
tasks: set[asyncio.Task[None]] = set()
done: list[str] = []


async def work() -> None:
    answer = asyncio.Event()
    listeners.add(answer)  # this reference is weak, too
    await answer.wait()
    done.append("work")
    raise ValueError("the answer makes no sense")


def over(task: asyncio.Task[None]) -> None:
    tasks.discard(task)
    if not task.cancelled() and task.exception():
        logger.error("a task failed", exc_info=task.exception())


@app.post("/wrong")
async def wrong() -> None:
    asyncio.create_task(work())


@app.post("/right")
async def right() -> None:
    task = asyncio.create_task(work())
    tasks.add(task)
    task.add_done_callback(over)


@app.post("/answer")
async def answer() -> None:
    gc.collect()  # which Python does now and then
    for each in list(listeners):
        each.set()
