"""Every job of the course: python3 start.py JOB; the learner's first."""

import logging
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import nox

sys.path.insert(0, str(Path(__file__).parent))  # not there under `uvx nox`
import start
from course.run import HeldBack

os.environ.setdefault("UV_SYSTEM_CERTS", "1")  # a company's, if there is one

nox.needs_version = ">=2026.10"
nox.options.sessions = ["serve"]
nox.options.reuse_venv = "yes"
nox.options.default_venv_backend = "uv|virtualenv"

# groups that only stand in others
PARTS = {"stages", "queues", "course", "test"}
CODE = [
    *("start.py", "noxfile.py", "stages", "solutions", "checks", "questions"),
    *("course", "fastapi_timeline", "tests"),
]
NOX = logging.getLogger("nox")  # what nox itself says
INTERRUPTED = 130
LISTED = "(python3 start.py --help lists them)"
WHOLE_SUITE = (
    "This is the maintainers' whole suite: about ten minutes. A learner's check"
    " takes a minute: python3 start.py test"
)
# Celery warns a root that runs its worker; .ci/run is root.
STRICT = {"PYTHONWARNINGS": "error,ignore:You're running the worker"}
# JupyterLab is to ask nobody for news, and the learner no questions.
QUIET = """{"@jupyterlab/apputils-extension:notification": {
  "fetchNews": "false", "checkForUpdates": false
}}"""


def learner(
    session: nox.Session,
    module: str,
    *before: str,
    level: int = logging.CRITICAL,
    patience: float = 5,
) -> None:
    """Run a module of the course in .venv, where learners live.

    What it says is the last that is read: nox itself is silent.
    """
    start.prepare()
    NOX.setLevel(level)
    words = [module, *before, *session.posargs]
    with HeldBack():  # until course.run can answer Ctrl-C
        process = subprocess.Popen([start.PYTHON, start.RUN, *words])
    try:
        code = process.wait()
    except KeyboardInterrupt:
        code = ended(process, patience)
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    if code:
        session.error()


def ended(process: subprocess.Popen[bytes], patience: float) -> int:
    """Wait for what was told to stop as well; what goes on is killed."""
    for seconds, then in ((patience, process.terminate), (2, process.kill)):
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            then()
    return process.wait()


def where_they_are(said: logging.LogRecord) -> bool:
    """Say below a wrong session's name where the right ones stand."""
    if str(said.msg).startswith("Sessions not found"):
        said.msg = f"{said.msg} {LISTED}"
    return True


NOX.addFilter(where_they_are)


def install(session: nox.Session, group: str) -> None:
    """Install what the group's lock says, no more and no less."""
    NOX.setLevel(logging.NOTSET)
    lock = f"locks/{group}.txt"
    session.install("--quiet", "--require-hashes", "-r", lock)


# --- Learn -------------------------------------------------------------------


@nox.session(python=False)
def serve(session: nox.Session) -> None:
    """Start the course: one page for all stages."""
    learner(session, "course.page")


@nox.session(python=False)
def test(session: nox.Session) -> None:
    """Check this installation: does every lesson work? A minute."""
    learner(session, "course.self_test")


@nox.session(python=False)
def watch(session: nox.Session) -> None:
    """Do the exercises: graded at each save, with help; watch 8."""
    learner(session, "course.grader.jobs", "watch")


@nox.session(python=False)
def grade(session: nox.Session) -> None:
    """Grade your exercises: all, or grade 8, or grade rate_limit."""
    learner(session, "course.grader")


@nox.session(python=False)
def hint(session: nox.Session) -> None:
    """Show one more hint to an exercise: the next one, or hint 8."""
    learner(session, "course.grader.jobs", "hint")


@nox.session(python=False)
def solution(session: nox.Session) -> None:
    """Compare yours with a good answer: solution 8, or 8 --give-up."""
    learner(session, "course.grader.jobs", "solution")


@nox.session(python=False, name="try")
def try_exercise(session: nox.Session) -> None:
    """Run your exercise and try it in the browser: try 1."""
    learner(session, "course.try_exercise")


@nox.session(python=False)
def reset(session: nox.Session) -> None:
    """Begin an exercise anew: reset 8; what you wrote is kept."""
    learner(session, "course.grader.jobs", "reset")


@nox.session(python=False)
def progress(session: nox.Session) -> None:
    """Show which exercises are done, and what is next."""
    learner(session, "course.grader.jobs", "progress")


@nox.session(python=False)
def ask(session: nox.Session) -> None:
    """Find what people really ask, with an answer that runs: ask WORDS."""
    learner(session, "course.questions")


@nox.session(python=False)
def quiz(session: nox.Session) -> None:
    """Predict five orders, before the course; --after: five others."""
    learner(session, "course.quiz")


@nox.session(python=False)
def stage(session: nox.Session) -> None:
    """Run one stage with all it needs: stage 3; uvicorn's options."""
    learner(session, "course.stage", patience=25)  # a worker ends its task


@nox.session(python=False)
def prepare(session: nox.Session) -> None:
    """Fetch all that a learner needs, the lab too: then work offline.

    It takes no arguments.
    """
    start.prepare()
    session.run(
        *(str(start.PYTHON), "-m", "nox", "--install-only", "-s", "lab"),
        external=True,
    )


# --- Look closer -------------------------------------------------------------


@nox.session
def lab(session: nox.Session) -> None:
    """Open the notebooks in JupyterLab, with the kernel of .venv.

    They are copied to my_notebooks/, without outputs; what you change there is
    kept. Arguments are JupyterLab's: lab --no-browser --port 8899
    """
    start.prepare()
    install(session, "lab")
    place = session.virtualenv.location
    settings = Path(place, "share", "jupyter", "lab", "settings")
    settings.mkdir(exist_ok=True)
    (settings / "overrides.json").write_text(QUIET)
    session.run(
        *(str(start.PYTHON), "-m", "ipykernel", "install"),
        *("--name=python3", f"--prefix={place}"),
        external=True,
        silent=True,
    )
    session.run("python", "-m", "course.notebooks.learner")
    session.run(
        *("jupyter", "lab", "--KernelManager.transport_encryption=auto"),
        *(
            "--ServerApp.root_dir=.",
            "--LabApp.default_url=/lab/tree/my_notebooks",
        ),
        *session.posargs,
        interrupt_timeout=5,
        terminate_timeout=2,
    )


@nox.session(python=False)
def timeline(session: nox.Session) -> None:
    """Draw a request: timeline myapp:app POST /path --json '{}'."""
    session.chdir(session.invoked_from)
    learner(session, "fastapi_timeline")


@nox.session(python=False)
def versions(session: nox.Session) -> None:
    """Record one request on three versions of FastAPI, and compare."""
    learner(session, "course.labs.versions")


@nox.session(python=False)
def crash(session: nox.Session) -> None:
    """Kill what runs the tasks half-way: what is lost? crash celery."""
    learner(session, "course.labs.crash", patience=20)


@nox.session(python=False)
def mailbox(session: nox.Session) -> None:
    """Run a mail server on this machine and print what arrives."""
    learner(session, "course.mailbox")


@nox.session(python=False)
def broker(session: nox.Session) -> None:
    """Run a Valkey on this machine, for the queues of stages 7 to 9."""
    learner(session, "course.broker")


@nox.session(python=False)
def database(session: nox.Session) -> None:
    """Run a PostgreSQL on this machine, for stages 10 and 11."""
    learner(session, "course.database")


# --- Teach -------------------------------------------------------------------


@nox.session(python=False, name="grade-class")
def grade_class(session: nox.Session) -> None:
    """Grade a class, each submission in a sandbox: grade-class FOLDER."""
    session.chdir(session.invoked_from)
    learner(session, "course.classroom", patience=10)


@nox.session
def slides(session: nox.Session) -> None:
    """Make slides of the notebooks: all, or 05.

    They are written to build/slides, with the speaker's notes and a hand-out:
    open index.html in a browser.
    """
    install(session, "reading")
    session.run("python", "-m", "course.reading.slides", *session.posargs)


@nox.session
def site(session: nox.Session) -> None:
    """Make pages of all there is to read, with a search.

    They are written to build/site: open index.html in a browser. It takes half
    a minute, and no arguments.
    """
    install(session, "reading")
    session.run("python", "-m", "course.reading.site")


# --- Work on the course ------------------------------------------------------


@nox.session
def tests(session: nox.Session) -> None:
    """Run the maintainers' whole suite: ten minutes; or tests PATH.

    For learners there is `test`: a minute. Arguments are passed to pytest:
    tests tests/course/page -x
    """
    if not session.posargs:
        session.log(WHOLE_SUITE)
    install(session, "tests")
    at_once = f"-n{2 * (os.cpu_count() or 2)}"  # they wait more than they work
    whole = ["tests", "--ignore=tests/checks", at_once, "--dist=loadgroup"]
    session.run("pytest", *(session.posargs or whole), env=STRICT)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, form and words: --fix mends what it can.

    Other arguments are passed to `ruff check`.
    """
    install(session, "lint")
    session.run("ruff", "check", *session.posargs, ".")
    mend = "--fix" in session.posargs
    session.run("ruff", "format", *([] if mend else ["--diff"]), ".")
    session.run("python", "-m", "tests.words")


@nox.session
def types(session: nox.Session) -> None:
    """Check all types strictly with mypy.

    The arguments are files or folders; without them, all of the course.
    """
    install(session, "types")
    session.run("mypy", *(session.posargs or CODE))


@nox.session
def walls(session: nox.Session) -> None:
    """Check that no room imports from where it must not.

    Arguments are passed to `lint-imports`: walls -- --verbose
    """
    install(session, "walls")
    session.run("lint-imports", *session.posargs, env={"PYTHONPATH": "."})


@nox.session
def prove(session: nox.Session) -> None:
    """Test the graders, both ways; --quick: verdicts only; -k ex05.

    prove --quick              each answer's verdict, not its text
    prove -k ex05              one exercise; arguments are passed to pytest
    prove                      everything, with mutants: an hour
    """
    install(session, "prove")
    if "--quick" in session.posargs:
        chosen = ("tests/checks", "-m", "not exact")
        session.run("pytest", *chosen, env=STRICT)
        return
    session.run("pytest", "tests/checks", *session.posargs, env=STRICT)
    if session.posargs:
        return
    session.run("python", "-m", "tests.checks.mutants")
    session.run("python", "-m", "tests.checks.repeat")


@nox.session
def notebooks(session: nox.Session) -> None:
    """Make the notebooks anew: all, or 03; --check only runs them.

    notebooks 03 testing       runs these, and writes their .ipynb
    notebooks --check          runs all and writes nothing; fails if a cell
                               fails, or if an .ipynb is not made from its .py
    notebooks --check --jobs 1 one at a time
    """
    install(session, "notebooks")
    session.run("python", "-m", "course.notebooks", *session.posargs)


@nox.session(venv_backend="none")
def lock(session: nox.Session) -> None:
    """Pin every version with its hashes: --upgrade takes the newest.

    It writes locks/. Other arguments are passed to `uv pip compile`.
    """
    groups = nox.project.load_toml("pyproject.toml")["dependency-groups"]
    same = ["-c", "locks/learn.txt"]  # it is installed on top of `serve`
    uv = shutil.which("uv", path=str(start.BIN)) or "uv"
    for group in [name for name in groups if name not in PARTS]:
        session.run(
            *(uv, "pip", "compile", "--quiet", "--universal"),
            *("--generate-hashes", "--no-header", "--python-version", "3.11"),
            *("--group", group, "-o", str(Path("locks", f"{group}.txt"))),
            *(same if group == "serve" else []),
            *session.posargs,
            external=True,
        )


# --- Measure it --------------------------------------------------------------


@nox.session
def bench(session: nox.Session) -> None:
    """Compare speeds: the stages, bench timeline, grader or queues.

    bench                      the stages with bare endpoints
    bench --rounds 10          a shorter measurement; also --seconds 0.2
    bench timeline             what it costs to be recorded
    bench grader               how long a grade takes
    bench queues               what each task queue costs
    """
    if {"grader", "queues"} & {*session.posargs[:1]}:  # as a learner has it
        learner(session, "course.labs.bench")
        return
    install(session, "bench")
    session.run("python", "-m", "course.labs.bench", *session.posargs)


@nox.session(python=False)
def compat(session: nox.Session) -> None:
    """Test the stages on each Python with old and new FastAPI."""
    learner(session, "course.labs.compat", level=logging.NOTSET)


@nox.session
def truth(session: nox.Session) -> None:
    """Test the recorder on many versions of FastAPI and Python.

    truth --fastapi 0.118.0 --python 3.11 3.12     some of them
    """
    install(session, "start")
    session.run("python", "-m", "course.labs.timeline_truth", *session.posargs)


@nox.session
def across(session: nox.Session) -> None:
    """Follow tasks of each engine into its worker, in fifty cases each.

    across celery rq --cases 10     some engines, fewer cases
    """
    install(session, "tests")
    module = "course.labs.timeline_across"
    session.run("python", "-m", module, *session.posargs)


@nox.session
def apps(session: nox.Session) -> None:
    """Record applications that others wrote; each is installed first.

    The arguments are names of applications; without them, all.
    """
    install(session, "start")
    session.run("python", "-m", "course.labs.timeline_apps", *session.posargs)


@nox.session
def questions(session: nox.Session) -> None:
    """Test the answers to the questions on many versions of FastAPI.

    questions --fastapi 0.118.0 --python 3.11      some of them
    questions --kept                               the table of the last runs
    """
    install(session, "start")
    session.run("python", "-m", "course.labs.questions", *session.posargs)


signal.signal(signal.SIGINT, signal.default_int_handler)  # nox's from here on
