# %% [markdown] slideshow={"slide_type": "slide"}
# # Which engine?
#
# *20 minutes · builds on [stage 11](11_dbos.ipynb) ·
# tables for your decision are in [docs/choosing.md](../docs/choosing.md)*
#
# Six stages run the same tasks for the same endpoints. This notebook runs the
# stages that your machine can run, and compares them. It does not say which
# engine is fastest: twenty small tasks on a busy laptop cannot show that. It
# says what you have to operate, and what you get for it.

# %% slideshow={"slide_type": "skip"}
import sys
import time
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from statistics import median

import httpx2

from course import ports
from course.broker import Broker
from course.database import PostgreSQL
from course.lesson import start_afresh, table
from course.processes import NoServerError, Program
from course.workers import quiet_worker, setting, until

folder = start_afresh("which_engine")
STAGES = {
    "s06_at_work": "BackgroundTasks",
    "s07_celery": "Celery",
    "s08_rq": "RQ",
    "s09_taskiq": "Taskiq",
    "s10_procrastinate": "Procrastinate",
    "s11_dbos": "DBOS",
}

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What has to run
#
# Each stage names what runs beside its application. Which engine needs most, and
# which needs nothing?

# %% slideshow={"slide_type": "skip"}
# Write your guess here:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "Which engine needs nothing beside the
# application?" Expect three wrong answers: RQ, because it is the smallest;
# Taskiq, because it is async; none of them.

# %% slideshow={"slide_type": "fragment"}
packages = {stage: import_module(f"stages.{stage}") for stage in STAGES}
beside = {
    stage: getattr(package, "BESIDE", [])
    for stage, package in packages.items()
}
table(
    ["engine", "beside the web application"],
    [[STAGES[stage], ", ".join(beside[stage]) or "–"] for stage in STAGES],
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Each of these is something to install, to watch, to back up and to update.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The same tasks with each engine
#
# For each engine we start a real server with the stage's application, and the
# programs that it needs beside it. We send 20 requests, one after the other,
# and wait until all 20 rows are completed. `hand-over` is the median time of
# one request, in which the application accepts a task:

# %% slideshow={"slide_type": "fragment"}
REQUESTS = 20


def program(stack: ExitStack, *words: str) -> None:
    with (folder / "server.log").open("ab") as log:
        server = Program("The server", [sys.executable, *words], output=log)
    stack.callback(server.stop)


def start(stage: str, stack: ExitStack) -> httpx2.Client:
    """Start a stage and what runs beside it; return a client of it."""
    needs, database = beside[stage], f"sqlite:///{folder}/{stage}.db"
    if "valkey" in needs:
        broker = stack.enter_context(Broker(folder / stage))
        stack.enter_context(setting("REDIS_URL", broker.url))
    if "postgresql" in needs:
        database = stack.enter_context(PostgreSQL(folder / stage)).url
    stack.enter_context(setting("DATABASE_URL", database))
    if "worker" in needs:
        stack.enter_context(quiet_worker(f"stages.{stage}.worker"))
    port = ports.free_port()
    options = ["--port", str(port), "--log-level=error"]
    program(stack, "-m", "uvicorn", f"stages.{stage}.app:app", *options)
    url = f"http://127.0.0.1:{port}"
    client = stack.enter_context(httpx2.Client(base_url=url, timeout=60))

    def answers() -> bool:
        try:
            return client.get("/health").is_success
        except httpx2.TransportError:
            return False

    until(answers)
    return client


def try_engine(stage: str) -> dict[str, object]:
    """Return what the requests took, and what became of their tasks."""
    with ExitStack() as stack:
        client = start(stage, stack)
        seconds = []
        for number in range(REQUESTS):
            began = time.perf_counter()
            client.post(f"/run-task/{number}").raise_for_status()
            seconds.append(time.perf_counter() - began)

        def completed() -> int:
            logs = client.get("/task-logs/").json()
            return sum(log["status"] == "completed" for log in logs)

        until(lambda: completed() == REQUESTS)
        attempts = [log["attempts"] for log in client.get("/task-logs/").json()]
    return {
        "completed": REQUESTS,
        "attempts": sum(attempts),
        "hand-over": f"{median(seconds) * 1000:.0f} ms",
    }


results: dict[str, dict[str, object]] = {}


def show(stage: str) -> None:
    try:
        results[stage] = try_engine(stage)
    except NoServerError as error:  # as on Windows
        results[stage] = {"completed": "not on this machine"}
        print(error)
    print(STAGES[stage], results[stage])


show("s06_at_work")

# %% slideshow={"slide_type": "fragment"}
show("s11_dbos")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Those two need only Python. The others need a broker or a PostgreSQL, which
# the course brings for Linux and macOS:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "What does the hand-over time consist of?"
# Expect three wrong answers: the task itself; the start of a worker; only the
# message to the broker. It is the row and its commit, and then a message to
# the broker, or a second row in the same transaction. Nobody should choose by
# these numbers. `python3 start.py bench queues` measures on a quiet machine.

# %% slideshow={"slide_type": "fragment"}
show("s07_celery")

# %% slideshow={"slide_type": "fragment"}
show("s08_rq")

# %% slideshow={"slide_type": "fragment"}
show("s09_taskiq")

# %% slideshow={"slide_type": "fragment"}
show("s10_procrastinate")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The engines in one table
#
# The cell reads some columns from the stages' files: the number of lines
# (without those of stage 6), whether a separate process does the periodic work,
# and whether the engine's job is committed in the same transaction as the data
# (`publish_in`). The column "a killed task" says what the stages' notebooks
# showed.

# %% slideshow={"slide_type": "fragment"}
KILLED = {
    "s06_at_work": "the row stays; by hand",
    "s07_celery": "begins again, after the visibility timeout",
    "s08_rq": "begins again; a killed fork's within seconds",
    "s09_taskiq": "begins again, after the idle time-out",
    "s10_procrastinate": "begins again, after 30 s without a heartbeat",
    "s11_dbos": "resumes after its last step, at the next start",
}


def text_of(stage: str) -> str:
    paths = Path(packages[stage].__file__).parent.glob("*.py")
    return "\n".join(path.read_text() for path in paths)


def row(stage: str) -> list[object]:
    text, result, first = text_of(stage), results[stage], stage == "s06_at_work"
    periodic = "scheduler" if "scheduler" in beside[stage] else "built in"
    return [
        STAGES[stage],
        ", ".join(beside[stage]) or "–",
        "–" if first else len(text.splitlines()),
        result["completed"],
        result.get("hand-over", "–"),
        "no" if first else "yes",
        "–" if first else periodic,
        "yes" if "def publish_in" in text and not first else "no",
        KILLED[stage],
    ]


table(
    [
        *("engine", "beside it", "lines", "completed", "hand-over, here and now"),
        *("retries", "schedule", "in the transaction", "a killed task"),
    ],
    [row(stage) for stage in STAGES],
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Each engine completed all tasks, with the same endpoints and the same task
# functions. So you can correct a wrong choice: only two short files change.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 5 minutes.** Give each group one of these: a newsletter to
# 100,000 people, a monthly invoice, thumbnails of uploaded pictures, a video
# that is cut, sent to a partner and announced. Ask: "Which engine, and for
# which reason?" Expect three wrong answers: the fastest one in the table; the
# one that everybody uses; one engine for all four. The next slide has the
# questions to ask.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Decide
#
# Ask in this order:
#
# 1. **May a task be lost?** For example, it fills a cache, and the next request
#    does it again: `BackgroundTasks`. You have nothing to operate.
# 2. **Is there only one process, and no database server?** DBOS on SQLite.
# 3. **Does a task have several expensive parts?** DBOS: it resumes.
# 4. **Do you have PostgreSQL already?** Procrastinate or DBOS: the job is in the
#    transaction of the data, and there is no broker to operate.
# 5. **Do you have Redis already, or very many small tasks?** Celery has the
#    most features, and many people know it. RQ is the simplest, and isolates
#    each job. Taskiq is for `async` tasks.
#
# Figures for these sentences, and the steps to many hosts, are in
# [docs/choosing.md](../docs/choosing.md).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - say what you have to operate for each engine;
# - choose one for a reason, and name the reason;
# - change it later, because the endpoints and tasks stay the same.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see | where |
# |---|---|---|
# | you chose by somebody else's benchmark | your database is the limit, not the engine | `python3 start.py bench queues` |
# | an engine for tasks that may be lost | you operate a broker for nothing | the first table, above |
# | no engine for tasks that must not be lost | rows that stay "started" | [stage 6](06_at_work.ipynb) |
# | an engine's default settings | tasks are lost, or run again only after an hour | [stage 7](07_celery.ipynb) |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 13](../exercises/ex13_task_queue.py), in which you build
# an application on a queue. This is the last notebook. If you have not done
# them yet: [testing tasks](testing.ipynb) and [the projects](projects.ipynb).
