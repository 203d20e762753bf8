"""How do I cancel or stop a running background task?

Answer: You cannot cancel a task from outside. `BackgroundTasks` gives no
handle, and emptying its list removes only the tasks that have not begun. A
`def` task runs in a thread, and Python cannot kill a thread: if you cancel the
asyncio task that waits for it, the thread works on.

Instead: Let the task work in steps and check a flag between two of them. The
flag is a `threading.Event`, or a column in a table if there are several
workers. Only a process can be killed: Celery's `revoke(terminate=True)` kills
it.

Since: all versions.

Asked: https://github.com/Kludex/starlette/issues/973
https://github.com/python/cpython/issues/107505
https://github.com/fastapi/fastapi/issues/1637

Deeper: exercise 12, stage 5, notebooks/05_task_tracker.ipynb,
https://fastapi.tiangolo.com/tutorial/background-tasks/
"""

import threading
from collections.abc import Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI

app = FastAPI()
steps_done = 0
tasks_of: dict[str, BackgroundTasks] = {}
stop_of: dict[str, threading.Event] = {}


def get_step() -> Callable[[], None]:
    return lambda: None  # one part of the work


StepDep = Annotated[Callable[[], None], Depends(get_step)]


def work(step: Callable[[], None], stop: threading.Event) -> None:
    global steps_done  # noqa: PLW0603
    for _ in range(3):
        if stop.is_set():
            return  # here it may undo what it has done
        step()
        steps_done += 1


@app.post("/wrong")
def keeps_the_tasks(background_tasks: BackgroundTasks, step: StepDep) -> None:
    tasks_of["wrong"] = background_tasks
    background_tasks.add_task(work, step, threading.Event())


@app.delete("/wrong")
def empties_the_list() -> None:
    tasks_of["wrong"].tasks.clear()


@app.post("/right")
def keeps_a_flag(background_tasks: BackgroundTasks, step: StepDep) -> None:
    stop_of["right"] = threading.Event()
    background_tasks.add_task(work, step, stop_of["right"])


@app.delete("/right")
def sets_the_flag() -> None:
    stop_of["right"].set()
