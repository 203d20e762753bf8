"""What a client is shown: short, without SQL, values and paths."""

import json

import sqlalchemy as sa
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError

from stages.s06_at_work.backlog import BacklogError
from stages.s06_at_work.settings import get_logger


class TaskError(Exception):
    """Fails a task with a reason that everybody may see."""


def reason_of(error: Exception) -> str:
    """Return what GET /task-logs/ may show; the log has the whole."""
    reason = type(error).__name__
    if isinstance(error, TaskError):
        reason += f": {error}"
    # No database holds NUL or half a surrogate pair.
    text = reason[:300].replace("\0", "\\x00")
    return text.encode("utf-8", "backslashreplace").decode()


async def refuse(_: Request, error: Exception) -> Response:
    """Say what is wrong where, and send nothing of the body back."""
    assert isinstance(error, RequestValidationError)
    detail = [
        {
            "loc": [str(part)[:100] for part in one["loc"]],
            "msg": one["msg"][:200],
            "type": one["type"],
        }
        for one in error.errors()[:20]
    ]
    # In ASCII: a lone surrogate has no UTF-8 form.
    body = json.dumps({"detail": detail})
    return Response(body, 422, media_type="application/json")


def try_later(detail: str, seconds: int) -> Response:
    headers = {"Retry-After": str(seconds)}
    body = json.dumps({"detail": detail})
    return Response(body, 503, headers, "application/json")


async def database_failed(_: Request, error: Exception) -> Response:
    """Answer 503 for what passes: locked, gone, read-only, all in use."""
    for_now = isinstance(error, sa.exc.TimeoutError | sa.exc.OperationalError)
    if not for_now and not getattr(error, "connection_invalidated", False):
        raise error  # a fault of ours: 500, and the traceback in the log
    reason = getattr(error, "orig", error)
    get_logger().error("The database is not available: %s", reason)
    return try_later("The database is not available", 1)


async def too_many(_: Request, error: Exception) -> Response:
    return try_later(str(error), 10)


def add_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(RequestValidationError, refuse)
    app.add_exception_handler(sa.exc.SQLAlchemyError, database_failed)
    app.add_exception_handler(BacklogError, too_many)
