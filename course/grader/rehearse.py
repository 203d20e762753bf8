"""Do once what every answer would do first, so that its fork need not.

Imports, the first request's lazy work and SQLAlchemy's mapping cost more
than a check does. It is an application of ours: nothing of an answer may run
in the process that is forked.
"""

import asyncio
import contextlib
import gc
import importlib
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Annotated, Any

COMMON = (
    "asyncio",
    "concurrent.futures",
    "email.message",
    "encodings.ascii",
    "getpass",
    "httpx2",
    "logging.config",
    "pydantic_settings",
    "smtplib",
    "sqlite3",
    "fastapi.testclient",
    "fastapi_timeline",
)


def rehearse() -> None:
    """Import, answer a request, write a row; leave no thread behind."""
    for module in COMMON:
        # a course that lacks one still grades the rest
        with contextlib.suppress(ImportError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module(module)
    asyncio.run(_a_request())
    if "sqlalchemy" in sys.modules:  # else no check needs it
        _a_row()
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(2)
    gc.collect()
    gc.freeze()


def _application() -> Any:
    from fastapi import BackgroundTasks, Depends, FastAPI  # noqa: PLC0415
    from pydantic import BaseModel  # noqa: PLC0415

    class Said(BaseModel):
        message: str

    def get_plain() -> str:
        return "plain"

    async def get_task(plain: str = Depends(get_plain)) -> Any:
        def task(text: str) -> None:
            str(plain + text)

        yield task

    app = FastAPI()

    def endpoint(
        text: str,
        background_tasks: BackgroundTasks,
        task: Annotated[Callable[[str], None], Depends(get_task)],
    ) -> dict[str, str]:
        background_tasks.add_task(task, text)
        return {"message": text}

    route = app.post("/{text}", status_code=202, response_model=Said)
    route(endpoint)
    return app


async def _a_request() -> None:
    """Start an application as a server does, and ask it while recording."""
    from fastapi_timeline import record  # noqa: PLC0415

    app = _application()
    app.dependency_overrides[int] = int
    with record(app) as recorder:
        await _start_and_stop(app)
        await _ask(app)
        str(recorder.order)


async def _start_and_stop(app: Any) -> None:
    phases = ["lifespan.shutdown", "lifespan.startup"]

    async def receive() -> dict[str, Any]:
        return {"type": phases.pop()}

    async def send(message: Any) -> None:
        pass

    await app({"type": "lifespan", "asgi": {}, "state": {}}, receive, send)


async def _ask(app: Any) -> None:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/hello",
        "raw_path": b"/hello",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"here")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "state": {},
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    if sent[0]["status"] != 202:  # noqa: PLR2004 (as asked for above)
        raise RuntimeError(f"the rehearsal was answered {sent}")


def _a_row() -> None:
    from sqlalchemy import create_engine, select  # noqa: PLC0415
    from sqlalchemy.orm import (  # noqa: PLC0415
        DeclarativeBase,
        Mapped,
        Session,
        mapped_column,
    )

    class Base(DeclarativeBase):
        pass

    class Row(Base):
        __tablename__ = "rehearsal"
        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str]

    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Row(text="hello"))
        session.commit()
        session.scalars(select(Row)).all()
    engine.dispose()
