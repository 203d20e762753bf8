"""What is "Caught handled exception, but response already started"?

Answer: A background task raised an exception for which the application has an
exception handler. The handler would make a response, but one has already been
sent, so Starlette raises this RuntimeError in place of your exception, and
the handler is never called.

Instead: Catch the exception in the task and log or record it there: nobody
else can act on it. The tasks that follow then run as well.

Since: all versions.

Proof: `wrap_app_handling_exceptions` in starlette/_exception_handler.py.

Asked: https://github.com/fastapi/fastapi/issues/2505
https://github.com/fastapi/fastapi/issues/3589
https://github.com/Kludex/starlette/pull/3465

Deeper: stage 4, notebooks/04_email_service.ipynb,
https://fastapi.tiangolo.com/tutorial/handling-errors/
"""

import logging

from fastapi import BackgroundTasks, FastAPI, Request
from fastapi.responses import JSONResponse

app = FastAPI()
logger = logging.getLogger(__name__)
handled: list[str] = []


class SoldOutError(Exception): ...


@app.exception_handler(SoldOutError)
async def say_sold_out(request: Request, error: Exception) -> JSONResponse:
    handled.append(request.url.path)
    return JSONResponse({"detail": "sold out"}, 409)


def work() -> None:
    raise SoldOutError


def work_and_log() -> None:
    try:
        work()
    except SoldOutError:
        logger.exception("The order could not be delivered")


@app.post("/wrong")
async def wrong(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(work)


@app.post("/right")
async def right(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(work_and_log)
