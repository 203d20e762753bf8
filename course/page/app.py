"""The page as an application: its views, its files, the stages mounted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import fastapi_offline
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from course.mailbox import Mailbox
from course.page import views
from course.page.course import Course
from course.page.mounted import Mounted, all_running
from course.stage import Stage

STATIC = Path(__file__).parent / "static"
DOCS_FILES = Path(fastapi_offline.__file__).parent / "static"


def create_app(stages: list[Stage], mailbox: Mailbox | None) -> FastAPI:
    """Return the application that shows these stages.

    It mounts them too, unless they need a worker: that is run beside them.
    """
    shown = {stage.number: stage for stage in stages}
    mounted = {
        number: Mounted.load(stage)
        for number, stage in shown.items()
        if not stage.worker
    }

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with all_running(list(mounted.values())):
            yield

    app = FastAPI(openapi_url=None, lifespan=lifespan)
    app.state.course = Course(shown, mounted, mailbox)
    app.include_router(views.router)  # before the stages: it has their /docs
    app.mount("/static", StaticFiles(directory=STATIC))
    app.mount("/docs-files", StaticFiles(directory=DOCS_FILES))
    for one in mounted.values():
        app.mount(one.prefix, one)
    return app
