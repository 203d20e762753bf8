"""The page as an application: its views, its files, the stages mounted."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from course.apart import Apart
from course.folders import data_dir
from course.grader.exercises import Course as Learner
from course.mailbox import Mailbox
from course.page import views
from course.page.course import Course
from course.page.guard import guarded
from course.page.mounted import Mounted, recorded
from course.page.workshop import Workshop
from course.stage import Stage

STATIC = Path(__file__).parent / "static"
OFFLINE = ("fastapi_offline", "static")  # the interactive documentation
LARGEST = 1_000_000  # bytes of a request's body


def create_app(
    stages: list[Stage],
    mailbox: Mailbox | None,
    learner: Learner | None = None,
) -> FastAPI:
    """Return the application that shows these stages.

    It mounts them too, unless they need a worker: that is run beside them.
    """
    shown = {stage.number: stage for stage in stages}
    mounted = {
        number: Mounted(stage)
        for number, stage in shown.items()
        if not stage.worker
    }
    folder = data_dir()
    stopping = Event()
    workshops = {
        number: Workshop(
            stage,
            mounted.get(number),
            Apart(stage, folder.parent),
            folder,
            mailbox,
            stopping,
        )
        for number, stage in shown.items()
    }

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # The page's own requests do not belong into a stage's log.
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        async with recorded([*mounted.values()]):
            yield
        for workshop in workshops.values():
            await asyncio.to_thread(workshop.apart.stop)

    app = FastAPI(openapi_url=None, lifespan=lifespan, max_body_size=LARGEST)
    app.add_middleware(guarded)
    app.add_exception_handler(HTTPException, views.show_problem)
    app.state.course = Course(
        shown, workshops, mailbox, learner or Learner(), stopping
    )
    app.include_router(views.router)  # before the stages: it has their /docs
    app.mount("/static", StaticFiles(directory=STATIC))
    app.mount("/docs-files", StaticFiles(packages=[OFFLINE]))
    for one in mounted.values():
        app.mount(one.prefix, one)
    return app
