"""Exercise 3: what the task needs is a dependency too.

Story
    The shop has to show when each welcome began and when it was done. And
    the log says everything twice, then three times, then four times.

Build
    Let `get_audit_task` give a callable that takes the address and, when it
    is called as the background task,
    - logs "start" and the time, as `clock().isoformat()`, just before the
      work,
    - calls the work,
    - logs "done" and the time as it is then.
    When the work raises, log one ERROR with the traceback and no "done", and
    let the same exception go on. The endpoint is given.

    Repair the logger: each line appears once, however many requests came
    before, and also when the first two requests come at the same moment.
    FastAPI runs a `def` dependency, and a `def` task, in a worker thread: so
    two threads can be in the same function at the same time.

Names the checks rely on
    app               the application
    get_logger        gives a logging.Logger; without an override its INFO
                      lines appear on stderr or stdout
    get_clock         gives a callable that returns the time with its zone
    get_welcome_task  gives the work, a plain `def` (given)
    get_audit_task    gives the callable that the endpoint adds; it gets all
                      it needs through Depends, as all three are replaced

Builds on exercise 2 and on stages/s03_chained_dependencies.py. To try it
yourself: uvicorn exercises.ex03_chained_dependencies:app

Notebook: notebooks/03_chained_dependencies.ipynb
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import EmailStr

WelcomeTask = Callable[[str], object]  # takes the address
Clock = Callable[[], datetime]


def get_logger() -> logging.Logger:
    # TODO: the process has one logger of this name. Add its handler once.
    logger = logging.getLogger(__name__)
    logger.setLevel(logging.INFO)
    logger.addHandler(logging.StreamHandler())
    return logger


def get_clock() -> Clock:
    # TODO: give a callable that returns the time, with its time zone.
    raise NotImplementedError("get_clock gives no clock yet")


def send_welcome(email: str) -> None:
    """Stand in for a mail server (given)."""
    print(f"Welcome, {email}!")


def get_welcome_task() -> WelcomeTask:
    """Provide the work (given)."""
    return send_welcome


def get_audit_task() -> WelcomeTask:
    # TODO: ask for logger, clock and work; give the audited work.
    raise NotImplementedError("get_audit_task gives no task yet")


app = FastAPI(title="Exercise 3")
AuditDep = Annotated[WelcomeTask, Depends(get_audit_task)]


@app.exception_handler(NotImplementedError)
async def to_do(_: Request, error: NotImplementedError) -> JSONResponse:
    """Say what is still to do (given)."""
    return JSONResponse({"to do": str(error)}, 501)


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr, tasks: BackgroundTasks, task: AuditDep
) -> dict[str, str]:
    """Add the audited task (given)."""
    tasks.add_task(task, email)
    return {"message": "Welcome scheduled"}
