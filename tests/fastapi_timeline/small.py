"""A small application with one of everything, and its order."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI

from tests.fastapi_timeline.truth import VERSION


def give() -> Iterator[int]:
    """Give something to the endpoint."""
    yield 1


def task() -> None:
    """Do nothing, later."""


def small() -> FastAPI:
    """Make an application with one of everything."""
    app = FastAPI()

    @app.get("/")
    def ep(tasks: BackgroundTasks, _: Annotated[int, Depends(give)]) -> int:
        tasks.add_task(task)
        return 7

    return app


ORDER = (
    *("give entered", "ep began", "ep ended", "response sent"),
    *("task began", "task ended", "give left"),
)
if (0, 106) <= VERSION < (0, 118):  # there, it is left before the response
    ORDER = (*ORDER[:3], "give left", *ORDER[3:-1])
