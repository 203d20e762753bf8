"""What a browser asks for, and what it gets."""

import asyncio
import html
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import (
    APIRouter,
    Depends,
    HTTPException,
    Request,
    Response,
)
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from fastapi.templating import Jinja2Templates
from starlette.exceptions import HTTPException as StarletteHTTPException

from course.apart import NotStartedError
from course.folders import ROOT, data_dir, environment
from course.page import code, notebook
from course.page.course import Course
from course.page.experiments import experiments
from course.page.mounted import Mounted
from course.page.workshop import Answer, Workshop
from course.questions import found, recorded
from course.stage import Stage
from fastapi_timeline import Recording, svg

SEE_OTHER = 303
BEST = 7  # questions that are listed for some words
RUN_LIMIT = 100  # seconds for both ways of a question
SAVED = 0.5  # seconds between two looks at the progress
SHOWN = {".py", ".md", ".svg"}
FRAGMENT = "x-fragment"  # stage.js asks for a part, a form for a whole page

router = APIRouter()
templates = Jinja2Templates(Path(__file__).parent / "templates")
templates.env.globals["svg"] = svg
CODE = re.compile(r"`([^`]+)`")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)[.\d]*\S*")


def brief(value: object) -> str:
    """Return a value of a row as it is read: of a moment, the time of day."""
    moment = MOMENT.fullmatch(str(value))
    return moment[1] if moment else str("" if value is None else value)


def coded(text: str) -> str:
    """Return a text as HTML; what stands between backticks is code."""
    return CODE.sub(r"<code>\1</code>", html.escape(text))


templates.env.filters |= {"brief": brief, "coded": coded}


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


async def get_workshop(
    request: Request, stage: StageDep, course: CourseDep
) -> Workshop:
    """Return where a stage is tried; it learns our own address."""
    workshop = course.workshops[stage.number]
    host, port = request.scope["server"]
    workshop.server = f"http://{host}:{port}"
    try:
        await workshop.ready()
    except NotStartedError as error:
        raise HTTPException(503, str(error)) from None
    return workshop


WorkshopDep = Annotated[Workshop, Depends(get_workshop)]


def get_mounted(workshop: WorkshopDep) -> Mounted:
    """Return its application, or answer 404 if it doesn't run here."""
    if not workshop.mounted:
        command = workshop.stage.command
        raise HTTPException(404, f"It needs a worker: {command}")
    return workshop.mounted


MountedDep = Annotated[Mounted, Depends(get_mounted)]


def get_question(number: int) -> found.Question:
    """Return the question that the address names, or answer 404."""
    for one in found.find():
        if one.number == number:
            return one
    raise HTTPException(404, f"There is no question {number}.")


QuestionDep = Annotated[found.Question, Depends(get_question)]
Ways = dict[str, tuple[Recording | None, str]]


def render(request: Request, template: str, /, **shown: object) -> Response:
    """Fill a template; each shows the course's stages beside it."""
    shown["course"] = get_course(request)
    return templates.TemplateResponse(request, template, shown)


async def show_problem(request: Request, error: Exception) -> Response:
    """Show what cannot be done as a page of the course."""
    assert isinstance(error, StarletteHTTPException)
    response = render(
        request,
        "error.html",
        problem=error.detail,
    )
    response.status_code = error.status_code
    return response


@router.get("/")
def index(request: Request, course: CourseDep) -> Response:
    """Show the way through the course, and what is done of it."""
    return render(request, "index.html", done=course.done)


# --- one stage: send it a request, see what happens ---------------------------


@router.get("/stage/{number}")
async def stage_page(
    request: Request, course: CourseDep, stage: StageDep, workshop: WorkshopDep
) -> Response:
    """Show a stage at work."""
    step = next(one for one in course.path if one.stage == stage)
    return render(
        request,
        "stage.html",
        stage=stage,
        workshop=workshop,
        experiments=experiments(workshop).values(),
        step=step,
        done=course.done,
        size=course.size(stage),
        lines=code.whole(stage.source),
        base=workshop.base,
        following=course.stages.get(stage.number + 1),
        **await happened(workshop),
    )


async def happened(workshop: Workshop) -> dict[str, Any]:
    """Return what the moving part of a stage's page shows."""
    recording = await workshop.recording()
    return {
        "recording": recording,
        "steps": workshop.steps(recording) if recording else [],
        "left": await workshop.left_behind(),
    }


def part(name: str, **shown: object) -> str:
    """Fill a template that is a part of a page."""
    text: str = templates.get_template(name).render(shown)
    return text


def answered(
    request: Request, workshop: Workshop, answer: Answer | None
) -> Response:
    """Give the answer as a part; without JavaScript, show the page again."""
    if FRAGMENT in request.headers:
        return HTMLResponse(
            part("_answer.html", answer=answer, workshop=workshop)
        )
    address = f"/stage/{workshop.stage.number}#answer"
    return RedirectResponse(address, SEE_OTHER)


@router.post("/stage/{number}/send")
async def send(request: Request, workshop: WorkshopDep) -> Response:
    """Send what the form says to the stage."""
    form = {key: str(value) for key, value in (await request.form()).items()}
    for operation in workshop.operations:
        if operation.key == form.get("operation"):
            target = operation.target(form)
            body = form.get("body", "")
            await workshop.send(operation.method, target, body)
            return answered(request, workshop, workshop.answer)
    raise HTTPException(404, "The stage has no such operation.")


@router.post("/stage/{number}/experiment/{name}")
async def experiment(
    request: Request, workshop: WorkshopDep, name: str
) -> Response:
    """Replace the task, or let something go wrong."""
    known = experiments(workshop)
    if name not in known:
        raise HTTPException(404, "The stage has no such experiment.")
    try:
        workshop.answer = await known[name].run(workshop)
    except NotStartedError as error:
        workshop.answer = not_started(workshop, error)
    return answered(request, workshop, workshop.answer)


@router.post("/stage/{number}/processes/{wanted}")
async def processes(
    workshop: WorkshopDep, wanted: Literal["start", "stop"]
) -> Response:
    """Start the stage with its worker and broker, or stop all of them."""
    workshop.answer = None
    try:
        await (workshop.start() if wanted == "start" else workshop.stop())
    except NotStartedError as error:
        workshop.answer = not_started(workshop, error)
    number = workshop.stage.number
    return RedirectResponse(f"/stage/{number}", SEE_OTHER)


def not_started(workshop: Workshop, error: NotStartedError) -> Answer:
    """Say what a process said before it ended."""
    return Answer(
        f"Stage {workshop.stage.number} did not start", comment=str(error)
    )


@router.get("/stage/{number}/events", response_class=EventSourceResponse)
async def events(workshop: WorkshopDep) -> AsyncIterator[ServerSentEvent]:
    """Send the picture and what was left behind, whenever they change."""
    async for _ in workshop.changes():
        now = await happened(workshop)
        yield ServerSentEvent(
            data={
                "picture": part("_picture.html", workshop=workshop, **now),
                "left": part("_left.html", workshop=workshop, **now),
                "steps": now["steps"],
            }
        )


@router.get("/progress", response_class=EventSourceResponse)
async def progress(course: CourseDep) -> AsyncIterator[ServerSentEvent]:
    """Send which exercises are done, whenever that changes."""
    before: list[str] | None = None
    while not course.stopping.is_set():
        done = sorted(course.done)
        if done != before:
            yield ServerSentEvent(data=done)
        before = done
        await asyncio.sleep(SAVED)


# --- to read --------------------------------------------------------------------


@router.get("/code/{number}")
def source(request: Request, stage: StageDep) -> Response:
    """Show the whole source of a stage."""
    lines = code.whole(stage.source)
    return render(request, "code.html", stage=stage, lines=lines)


@router.get("/new/{number}")
def new(request: Request, course: CourseDep, stage: StageDep) -> Response:
    """Show what a stage adds to the one before."""
    if course.is_first(stage):
        raise HTTPException(404, "In the first stage everything is new.")
    diff = course.news(stage)
    return render(
        request,
        "code.html",
        stage=stage,
        lines=diff.lines,
        diff=diff,
        earlier=course.earlier(stage),
    )


@router.get("/notebook/{name}")
def read_notebook(request: Request, name: str) -> Response:
    """Show a notebook as it is stored."""
    found = notebook.notebooks().get(name)
    if not found:
        raise HTTPException(404, f"There is no notebook {name}.")
    text = notebook.read(found)
    return render(request, "notebook.html", name=name, text=text)


@router.get("/exercise/{number}")
def exercise(request: Request, course: CourseDep, number: int) -> Response:
    """Show what an exercise asks for."""
    for one in course.exercises:
        if one.number == number:
            return render(
                request,
                "exercise.html",
                exercise=one,
                done=course.done,
            )
    raise HTTPException(404, f"There is no exercise {number}.")


@router.get("/questions")
def list_questions(request: Request, q: str = "") -> Response:
    """List the questions; those that have some words, the best first."""
    every = found.find()
    best, fits = found.search(q, every)
    shown = best[:BEST] if q.strip() else every
    return render(
        request, "questions.html", asked=q, questions=shown, fits=fits
    )


@router.get("/question/{number}")
def question(request: Request, one: QuestionDep) -> Response:
    """Show a question: its answer and its code."""
    return render_question(request, one, {}, "")


@router.post("/question/{number}/run")
async def run_question(request: Request, one: QuestionDep) -> Response:
    """Run both of its ways, and draw what happened."""
    try:
        ways = await asyncio.to_thread(run_both, one)
    except (subprocess.SubprocessError, ValueError) as error:
        return render_question(request, one, {}, str(error))
    return render_question(request, one, ways, "")


def run_both(one: found.Question) -> Ways:
    """Run a question in a process of its own."""
    folder = data_dir() / "questions"
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "course.questions.recorded", one.module],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=RUN_LIMIT,
        check=True,
    )
    return recorded.read(done.stdout.decode())


def render_question(
    request: Request,
    one: found.Question,
    ways: Ways,
    problem: str,
) -> Response:
    """Show a question, with what happened if it was run."""
    return render(
        request,
        "question.html",
        question=one,
        lines=code.whole(one.code),
        ways=ways,
        problem=problem,
    )


@router.get("/file/{path:path}")
def read_file(request: Request, path: str) -> Response:
    """Show a text of the course that a notebook links to."""
    file = (ROOT / path.replace("\0", "")).resolve()
    rooms = ("stages", "checks", "solutions", "docs", "questions", "tests")
    inside = any(file.is_relative_to(ROOT / room) for room in rooms)
    if not (inside and file.is_file() and file.suffix in SHOWN):
        raise HTTPException(404, f"The page does not show {path}.")
    if file.suffix == ".svg":
        return FileResponse(file)
    text = file.read_text("utf-8")
    if file.suffix == ".md":
        shown = notebook.markdown(text)
        return render(request, "notebook.html", name=path, text=shown)
    return render(request, "file.html", path=path, lines=code.whole(text))


@router.get("/mailbox")
def mails(request: Request) -> Response:
    """Show what arrived at the mailbox, the newest first."""
    return render(request, "mailbox.html")


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
