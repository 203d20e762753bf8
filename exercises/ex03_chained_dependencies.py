"""Exercise 3: the objects that a task needs are dependencies too.

Story
    The shop has to show when each welcome began and when it was done. There
    is also a bug: the log contains each line twice, then three times, and so
    on.

Build
    `get_audit_task` must return a function that takes the address. The
    endpoint (ready) adds it as the background task. It does three things:
    - it logs "start" and the time, as `clock().isoformat()`, just before the
      work,
    - it calls the work,
    - it logs "done" and the new time.
    When the work raises an exception, log one ERROR with the traceback and no
    "done", and raise the same exception again.

    Repair the logger: each line must appear once, after any number of
    requests, and also when the first two requests come at the same moment.
    FastAPI runs a `def` dependency, and a `def` task, in a worker thread. So
    two threads can run the same function at the same time.

Names that the checks use
    app               the application
    get_logger        returns a logging.Logger; without an override its INFO
                      lines appear on stderr or stdout
    get_clock         returns a function that returns the time with its zone
    get_welcome_task  returns the work, a plain `def` (ready)
    get_audit_task    returns the function that the endpoint adds; it must get
                      the logger, the clock and the work through Depends,
                      because the checks replace all three
    Do not change these names. (ready) means: already written.

Builds on exercise 2 and on stages/s03_chained_dependencies.py. To try it
yourself: python3 start.py try 3

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
    # TODO: return a function that returns the time, with its time zone.
    raise NotImplementedError("get_clock gives no clock yet")


def send_welcome(email: str) -> None:
    """Imitate a mail server (ready)."""
    print(f"Welcome, {email}!")


def get_welcome_task() -> WelcomeTask:
    """Provide the work (ready)."""
    return send_welcome


def get_audit_task() -> WelcomeTask:
    # TODO: get logger, clock and work through Depends; return a function
    # that logs, calls the work, and logs again.
    raise NotImplementedError("get_audit_task gives no task yet")


app = FastAPI(title="Exercise 3")
AuditDep = Annotated[WelcomeTask, Depends(get_audit_task)]


@app.exception_handler(NotImplementedError)
async def to_do(_: Request, error: NotImplementedError) -> JSONResponse:
    """Say what is still to do (ready)."""
    return JSONResponse({"to do": str(error)}, 501)


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr, tasks: BackgroundTasks, task: AuditDep
) -> dict[str, str]:
    """Add the audited task (ready)."""
    tasks.add_task(task, email)
    return {"message": "Welcome scheduled"}
