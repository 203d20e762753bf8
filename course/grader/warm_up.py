"""Do once what every answer would do first, so that its fork need not.

Imports, the first request's lazy work and SQLAlchemy's mapping cost more
than a check does. It is an application of ours: nothing of an answer may run
in the process that is forked.
"""

import contextlib
import gc
import importlib
import sys
import threading
import warnings
from collections.abc import AsyncIterator, Callable
from typing import Annotated

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


def warm_up() -> None:
    """Import and rehearse, and keep what is there out of the collector."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in COMMON:
            # a course that lacks one still grades the rest
            with contextlib.suppress(ImportError):
                importlib.import_module(module)
    rehearse()
    gc.collect()
    gc.freeze()


def rehearse() -> None:
    """Answer a request, write a row; leave no thread behind."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _a_request()
        if "sqlalchemy" in sys.modules:  # else no check needs it
            _a_row()
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(2)


def _a_request() -> None:
    """Start an application as a server does, and ask it while recording."""
    from fastapi import BackgroundTasks, Depends, FastAPI  # noqa: PLC0415
    from fastapi.testclient import TestClient  # noqa: PLC0415

    from fastapi_timeline import record  # noqa: PLC0415

    async def get_task() -> AsyncIterator[Callable[[str], str]]:
        yield str

    app = FastAPI()

    @app.post("/{text}", status_code=202)
    def endpoint(
        text: str,
        background_tasks: BackgroundTasks,
        task: Annotated[Callable[[str], str], Depends(get_task)],
    ) -> dict[str, str]:
        background_tasks.add_task(task, text)
        return {"message": text}

    app.dependency_overrides[int] = int
    with record(app) as recorder, TestClient(app) as client:
        client.post("/hello").raise_for_status()
        str(recorder.order)


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
