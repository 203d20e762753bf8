"""Why do the other background tasks not run after one has failed?

Answer: Starlette runs the list of a request's tasks one after the other. The
first exception prevents the remaining tasks from running: if the first one
fails, the others never run. The log shows that error, and nothing about the
others. The client has its 200 already.

Instead: Catch the exception in each task and log it, as `safely` does for any
task. Put what must not be lost into a queue, each task as a message of its
own.

Since: all versions.

Proof: `BackgroundTasks.__call__` in starlette/background.py, and its docs: "In
case one of the tasks raises an exception, the following tasks will not get the
opportunity to be executed."

Asked: https://github.com/Kludex/starlette/issues/3195
https://github.com/Kludex/starlette/issues/1589
https://github.com/Netflix/dispatch/issues/2383

Deeper: stage 4, notebooks/04_email_service.ipynb,
https://www.starlette.io/background/
"""

import logging
from collections.abc import Callable

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()
logger = logging.getLogger(__name__)
done: list[str] = []


def charge() -> None:
    raise ConnectionError("The bank does not answer.")


def work() -> None:
    done.append("invoice")


def safely(task: Callable[[], None]) -> None:
    try:
        task()
    except Exception:
        logger.exception("%s failed", task.__name__)


@app.post("/wrong")
def adds_them(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(charge)
    background_tasks.add_task(work)


@app.post("/right")
def adds_them_safely(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(safely, charge)
    background_tasks.add_task(safely, work)
