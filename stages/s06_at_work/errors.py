"""What a client is shown: short, without SQL, values and paths."""

import json

import sqlalchemy as sa
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError

from stages.s06_at_work.backlog import BacklogError
from stages.s06_at_work.settings import get_logger


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
    if (
        isinstance(error, sa.exc.TimeoutError | sa.exc.OperationalError)
        or isinstance(error, sa.exc.DBAPIError)
        and error.connection_invalidated
    ):
        reason = getattr(error, "orig", error)
        get_logger().error("The database is not available: %s", reason)
        return try_later("The database is not available", 1)
    raise error  # a fault of ours: 500, and the traceback in the log


async def too_many(_: Request, error: Exception) -> Response:
    return try_later(str(error), 10)


def add_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(RequestValidationError, refuse)
    app.add_exception_handler(sa.exc.SQLAlchemyError, database_failed)
    app.add_exception_handler(BacklogError, too_many)
