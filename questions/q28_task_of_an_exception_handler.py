"""How do I add a background task in an exception handler?

Answer: A handler gets no `BackgroundTasks` from FastAPI, and those of the
endpoint are lost with its response. A `BackgroundTasks()` that the handler
makes runs only if it is given to the response that the handler returns. The
dependencies with `yield` are closed before the handler is called, so its task
cannot use them.

Instead: Give the tasks to the response that the handler returns:
`JSONResponse(…, background=tasks)`.

Since: all versions.

Proof: `request_response` in fastapi/routing.py: the exit stacks are inside
`wrap_app_handling_exceptions`, which calls the handler.

Asked: https://github.com/fastapi/fastapi/issues/1270
https://github.com/fastapi/fastapi/issues/13116
https://github.com/fastapi-practices/fastapi-best-architecture/pull/86

Deeper: stage 1, notebooks/01_background_tasks.ipynb,
https://fastapi.tiangolo.com/tutorial/handling-errors/
"""

from collections.abc import Iterator
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, Request
from fastapi.responses import JSONResponse

app = FastAPI()
reported: list[str] = []


class NoMoneyError(Exception):
    pass


class NoStockError(Exception):
    pass


def work(path: str) -> None:
    reported.append(path)


@app.exception_handler(NoMoneyError)
def forgets_its_tasks(request: Request, _error: Exception) -> JSONResponse:
    background_tasks = BackgroundTasks()
    background_tasks.add_task(work, request.url.path)
    return JSONResponse({"detail": "No money"}, 402)


@app.exception_handler(NoStockError)
def passes_its_tasks(request: Request, _error: Exception) -> JSONResponse:
    background_tasks = BackgroundTasks()
    background_tasks.add_task(work, request.url.path)
    return JSONResponse(
        {"detail": "No stock"}, 409, background=background_tasks
    )


def get_session() -> Iterator[str]:
    yield "session"


SessionDep = Annotated[str, Depends(get_session)]


@app.post("/wrong")
def buys(_session: SessionDep) -> None:
    raise NoMoneyError


@app.post("/right")
def orders(_session: SessionDep) -> None:
    raise NoStockError
