"""What a browser asks for, and what it gets."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from course.page import code
from course.page.course import Course
from course.page.examples import examples
from course.page.mounted import Mounted
from course.stage import Stage
from fastapi_timeline import svg

router = APIRouter()
templates = Jinja2Templates(Path(__file__).parent / "templates")


def get_course(request: Request) -> Course:
    """Return what `create_app` was made for."""
    course: Course = request.app.state.course
    return course


CourseDep = Annotated[Course, Depends(get_course)]


def get_stage(number: int, course: CourseDep) -> Stage:
    """Return the stage that the address names, or answer 404."""
    if number not in course.stages:
        raise HTTPException(404, f"There is no stage {number}.")
    return course.stages[number]


StageDep = Annotated[Stage, Depends(get_stage)]


def get_mounted(stage: StageDep, course: CourseDep) -> Mounted:
    """Return its application, or answer 404 if it doesn't run here."""
    if stage.number not in course.mounted:
        raise HTTPException(404, f"It needs a worker: {stage.command}")
    return course.mounted[stage.number]


MountedDep = Annotated[Mounted, Depends(get_mounted)]


@router.get("/")
def index(request: Request, course: CourseDep) -> Response:
    """Show every stage at a glance, with commands to try it."""
    base = str(request.base_url).rstrip("/")
    tries = {
        number: examples(one.app.openapi(), base + one.prefix)
        for number, one in course.mounted.items()
    }
    diffs = {
        number: course.news(stage) for number, stage in course.stages.items()
    }
    shown = {"course": course, "tries": tries, "diffs": diffs, "svg": svg}
    return templates.TemplateResponse(request, "index.html", shown)


@router.get("/code/{number}")
def source(request: Request, course: CourseDep, stage: StageDep) -> Response:
    """Show the whole source of a stage."""
    lines = code.whole(stage.source)
    shown = {"course": course, "stage": stage, "lines": lines}
    return templates.TemplateResponse(request, "code.html", shown)


@router.get("/new/{number}")
def new(request: Request, course: CourseDep, stage: StageDep) -> Response:
    """Show what a stage adds to the one before."""
    diff = course.news(stage)
    if diff is None:
        raise HTTPException(404, "In the first stage everything is new.")
    shown = {
        "course": course,
        "stage": stage,
        "lines": diff.lines,
        "diff": diff,
        "earlier": course.earlier(stage),
    }
    return templates.TemplateResponse(request, "code.html", shown)


@router.get("/mailbox")
def mails(request: Request, course: CourseDep) -> Response:
    """Show what arrived at the mailbox, the newest first."""
    shown = {"course": course}
    return templates.TemplateResponse(request, "mailbox.html", shown)


@router.get("/code.css")
def code_css() -> Response:
    """Give the colours of the source, light and dark."""
    return Response(code.styles(), media_type="text/css")


@router.get("/stages/{number}/docs")
def swagger(one: MountedDep) -> HTMLResponse:
    """Show a stage's interactive documentation, without a network."""
    return get_swagger_ui_html(
        openapi_url=f"{one.prefix}{one.app.openapi_url}",
        title=f"Stage {one.stage.number} · API",
        swagger_js_url="/docs-files/swagger-ui-bundle.js",
        swagger_css_url="/docs-files/swagger-ui.css",
        swagger_favicon_url="/static/icon.svg",
    )


@router.get("/stages/{number}/redoc")
def redoc(one: MountedDep) -> HTMLResponse:
    """Show the same documentation to read."""
    return get_redoc_html(
        openapi_url=f"{one.prefix}{one.app.openapi_url}",
        title=f"Stage {one.stage.number} · API",
        redoc_js_url="/docs-files/redoc.standalone.js",
        redoc_favicon_url="/static/icon.svg",
        with_google_fonts=False,
    )
