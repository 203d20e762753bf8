# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 3 · What the task needs is a dependency too
#
# *20 minutes · builds on [stage 2](02_task_dependency.ipynb) ·
# the code is
# [stages/s03_chained_dependencies.py](../stages/s03_chained_dependencies.py)*
#
# A task has needs of its own: a logger, a clock, a mail server. If it takes
# them from the module, a test has to patch the module. If the *provider* asks
# for them, FastAPI finds them, and the test replaces the one it cares about.
#
# A dependency may have dependencies. FastAPI walks the whole chain for each
# request, calls every link once, and hands each result to whoever asked.

# %% slideshow={"slide_type": "skip"}
from course.lesson import compare, new_in, running, send
from stages import s03_chained_dependencies as stage

# %% slideshow={"slide_type": "subslide"}
new_in("s03")

# %% [markdown] slideshow={"slide_type": "subslide"}
# `get_notification_task` has a parameter now, and `write_notification` has
# moved inside it. The inner function *remembers* the logger: it is a closure.
# That is all that a provider does. It ties together what the work will need.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Predict
#
# The endpoint asks for the task, the task's provider asks for the logger. Who
# is called first?

# %% slideshow={"slide_type": "fragment"}
moments = [
    "get_notification_task called",
    "get_logger called",
    "send_notification began",
    "response sent",
    "write_notification began",
]
guess = [
    "get_notification_task called",
    "get_logger called",
    "send_notification began",
    "response sent",
    "write_notification began",
]

# %% slideshow={"slide_type": "fragment"}
happened = send(stage.app, "POST", "/send-notification/ada@example.com")
compare(guess, happened, among=moments)

# %% slideshow={"slide_type": "fragment"}
happened

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** The chain is called from its far end: the logger has to be there
# before a task can be made with it. Ask the class where `write_notification`
# is *made*, and where it is *called*: the second is right of the green line.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A link used twice is called once
#
# Two dependencies that ask for the same third one get the same object, within
# a request. The picture says so:

# %% slideshow={"slide_type": "fragment"}
from typing import Annotated

from fastapi import Depends, FastAPI

shared = FastAPI()


def get_clock() -> object:
    return object()


Clock = Annotated[object, Depends(get_clock)]


def get_log(clock: Clock) -> object:
    return clock


def get_report(clock: Clock) -> object:
    return clock


@shared.get("/")
def same(
    log: Annotated[object, Depends(get_log)],
    report: Annotated[object, Depends(get_report)],
) -> bool:
    return log is report


happened = send(shared, "GET", "/")
print("the same clock:", happened.json)
happened.order

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Ask what would happen if `get_clock` gave the time and not a
# clock: both would agree, and both would be early. That comes at the end of
# this notebook.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Replace one link
#
# The fake is a *real* logger with a handler that remembers. Nothing is mocked,
# and the two dependencies above it are the ones of the application.

# %% slideshow={"slide_type": "fragment"}
import logging


class Remember(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


handler = Remember()
logger = logging.Logger("the notebook's")
logger.addHandler(handler)

stage.app.dependency_overrides[stage.get_logger] = lambda: logger
try:
    send(stage.app, "POST", "/send-notification/ada@example.com")
finally:
    stage.app.dependency_overrides.clear()
handler.lines

# %% [markdown] slideshow={"slide_type": "subslide"}
# A provider is also just a function. Hand it a logger, and it gives a task,
# without any application:

# %% slideshow={"slide_type": "fragment"}
handler.lines.clear()
task = stage.get_notification_task(logger)
task("bob@example.com", "Hi!")
handler.lines

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: a handler for each request
#
# `logging.getLogger(name)` gives **one** object for the whole process. Many
# applications add a handler to it in the dependency, and check
# `if not logger.handlers` first. Without that check:

# %% slideshow={"slide_type": "fragment"}
import io

printed = io.StringIO()
doubling = FastAPI()


def get_doubling_logger() -> logging.Logger:
    logger = logging.getLogger("doubling")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(logging.StreamHandler(printed))
    return logger


@doubling.post("/")
def log_once(
    logger: Annotated[logging.Logger, Depends(get_doubling_logger)],
) -> None:
    logger.info("hello")


with running(doubling) as server:
    for number in (1, 2, 3):
        server.send("POST", "/")
        print(f"after request {number}:", printed.getvalue().count("hello"))

# %% [markdown] slideshow={"slide_type": "subslide"}
# One line, then three, then six. With the check `if not logger.handlers`
# it is right as long as one request comes first. But dependencies that are
# plain `def` run in several threads: while one opens its log file, another
# still finds no handler. Eight first requests at once, a hundred times:

# %% slideshow={"slide_type": "fragment"}
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier


def first_requests_at_once(round_: int) -> int:
    fresh = logging.getLogger(f"racing {round_}")
    start = Barrier(8)

    def get_racing_logger(_: int) -> None:
        start.wait()
        if not fresh.handlers:
            fresh.addHandler(logging.FileHandler(log_file))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(get_racing_logger, range(8)))
    for each in fresh.handlers:
        each.close()
    return len(fresh.handlers)


log_file = "data/racing.log"
counts = [first_requests_at_once(n) for n in range(100)]
print("rounds with more than one, of 100:", sum(n > 1 for n in counts))
print("most handlers in one round:", max(counts))

# %% [markdown] slideshow={"slide_type": "subslide"}
# How often it happens depends on the machine and on Python's version, and on
# some it is rare. The cure is in the stage: set logging up **once**, when the
# application starts, in the lifespan. `get_logger` only says which logger.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** How many rounds go wrong differs from machine to machine; let
# the class run it and compare. If somebody has 0, raise the number of threads.
# The point is not how often: it is that no test with one request at a time
# ever sees it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: `basicConfig` comes second
#
# The stage sets logging up with `logging.basicConfig`, which does **nothing**
# if the root logger has a handler already. One line that is logged while a
# module is imported is enough: `logging.warning` adds such a handler by
# itself. The stage twice, each time in a process and a folder of its own:

# %% slideshow={"slide_type": "fragment"}
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from course.folders import environment

REQUEST = """
import logging
{first}
from fastapi.testclient import TestClient
from stages.s03_chained_dependencies import app

with TestClient(app) as client:
    client.post("/send-notification/ada@example.com")
"""
for first in ("", "logging.warning('an old setting is used')"):
    with TemporaryDirectory() as folder:
        Path(folder, "data").mkdir()
        subprocess.run(
            [sys.executable, "-c", REQUEST.format(first=first)],
            cwd=folder,
            env=environment(),
            capture_output=True,
            check=True,
        )
        written = Path(folder, "data", "background_tasks.log")
        print(first or "nothing logged before")
        print("   the log file exists:", written.exists())

# %% [markdown] slideshow={"slide_type": "subslide"}
# No error, no warning, and **no log file**. The task's lines are lost, since the
# root logger's level is still WARNING as well. So set logging up before
# anything else can log, or with `basicConfig(force=True)`, which removes the
# handlers that are there.
#
# A log file that cannot be opened is another matter: there `basicConfig`
# raises, and the application does not start. [Stage 6](06_at_work.ipynb) then
# says in one line what to do.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Ask which libraries of theirs log while they are imported, and
# how they would notice that a log file is missing.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: the time of the wrong moment
#
# A provider runs before the response. What it reads, it reads *then*. Here the
# task has to wait for another one of 0.3 seconds:

# %% slideshow={"slide_type": "fragment"}
import time

from fastapi import BackgroundTasks

early = FastAPI()


def get_now() -> float:
    return time.perf_counter()


@early.post("/")
def add(
    background_tasks: BackgroundTasks, now: Annotated[float, Depends(get_now)]
) -> None:
    def work() -> None:
        late = (time.perf_counter() - now) * 1000
        print(f"the task begins {late:.0f} ms after the time that it has")

    background_tasks.add_task(time.sleep, 0.3)
    background_tasks.add_task(work)


_ = send(early, "POST", "/")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Where the task needs the time of *its* beginning, give it a clock: a callable
# that it asks. Exercise 3 does.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - chain dependencies, and say in which order they are called;
# - replace one link and keep the rest;
# - set up what belongs to the process once, and in one place.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see |
# |---|---|
# | a handler added in a dependency | each line twice, then three times, … |
# | `if not logger.handlers` in a `def` | the same, when two requests race |
# | the provider reads the clock | a time from before the response |
# | `basicConfig` after another handler | no log file, and no error |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 3](../exercises/ex03_chained_dependencies.py), then
# [stage 4](04_email_service.ipynb), in which the task has settings and sends
# real e-mail.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Questions that you can now answer
#
# People ask these in public trackers. Each is a small application with its
# answer: `python3 start.py ask` and the number runs it.

# %% slideshow={"slide_type": "fragment"}
from course.lesson import questions

questions("03")
