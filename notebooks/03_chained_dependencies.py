# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 3 · The objects that a task needs are dependencies too
#
# *20 minutes · builds on [stage 2](02_task_dependency.ipynb) ·
# the code is
# [stages/s03_chained_dependencies.py](../stages/s03_chained_dependencies.py)*
#
# A task needs other objects: a logger, a clock, a mail server. If it takes
# them from its module, a test has to patch the module. If the *provider* asks
# for them, FastAPI passes them in, and a test can replace one of them.
#
# A dependency may have dependencies. FastAPI follows the whole chain for each
# request. It calls each dependency once, and passes the result to each function
# that asked for it.

# %% slideshow={"slide_type": "skip"}
from course.lesson import compare, new_in, running, send, start_afresh

start_afresh()

from stages import s03_chained_dependencies as stage

# %% slideshow={"slide_type": "subslide"}
new_in("s03")

# %% [markdown] slideshow={"slide_type": "subslide"}
# `get_notification_task` now has a parameter, the logger, and it defines
# `write_notification` inside. The inner function *keeps* the logger: it is a
# closure. A provider has one job: it gives the work the objects that it needs.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Predict
#
# The endpoint asks for the task. The task's provider asks for the logger. Which
# function is called first? Copy the moments into `guess`, in your order.

# %% slideshow={"slide_type": "fragment"}
moments = [
    "get_notification_task called",
    "get_logger called",
    "send_notification began",
    "response sent",
    "write_notification began",
]
guess = []

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 4 minutes.** Ask: "Where is `write_notification` *made*, and where
# is it *called*?" Expect three wrong answers:
#
# 1. The provider is called first, and it calls the logger's function.
# 2. The logger is made when the task writes its first line.
# 3. The chain is called once, when the application starts.
#
# FastAPI calls the last dependency of the chain first, because a task cannot
# be made without its logger. Demo:
#
# ```console
# $ python3 start.py timeline stages.s03_chained_dependencies:app POST /send-notification/ada@example.com
# get_logger
# get_notification_task
# send_notification
# write_notification
# ```

# %% slideshow={"slide_type": "subslide"}
happened = send(stage.app, "POST", "/send-notification/ada@example.com")
compare(guess, happened, among=moments)

# %% slideshow={"slide_type": "fragment"} jupyter={"outputs_hidden": true}
happened

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A dependency that is used twice is called once
#
# Two dependencies ask for the same third dependency. Within a request they get
# the same object:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "How often is `get_clock` called?" Expect three
# wrong answers: twice, once for each that asks; once, when the application
# starts; three times, also for the endpoint. Then ask what would happen if
# `get_clock` returned the time instead of a clock. Both dependencies would
# have the same time, and it would be too early for the task. The section
# "the time is too early" shows this.

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

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Replace one dependency of the chain
#
# The replacement is a real logger, with a handler that remembers the lines. We
# mock nothing. FastAPI still calls the real `get_notification_task`.

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
# A provider is also just a function. Call it with a logger, and it returns a
# task. You need no application:

# %% slideshow={"slide_type": "fragment"}
handler.lines.clear()
task = stage.get_notification_task(logger)
task("bob@example.com", "Hi!")
handler.lines

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: a handler for each request
#
# `logging.getLogger(name)` returns **one** object for the whole process. Many
# applications add a handler to it in the dependency, and check
# `if not logger.handlers` first. Without that check, how many lines do three
# requests write?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "How many lines are there after the third
# request?" Expect three wrong answers: 3, one for each request; 9, three times
# three; an error at the second handler.

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
# One line, then three, then six. The check `if not logger.handlers` is enough
# as long as requests come one at a time. But a plain `def` dependency runs in
# several threads. While one thread opens its log file, another thread still
# finds no handler. In the next cell, eight threads call such a dependency at the
# same moment. The cell repeats this a hundred times:

# %% slideshow={"slide_type": "fragment"}
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier


def call_in_eight_threads(round_: int) -> int:
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
counts = [call_in_eight_threads(n) for n in range(100)]
print("rounds (of 100) with extra handlers:", sum(n > 1 for n in counts))
print("most handlers in one round:", max(counts))

# %% [markdown] slideshow={"slide_type": "subslide"}
# The number of wrong rounds depends on the machine and on Python's version; on
# some machines it is 0. A test with one request at a time never finds this
# mistake.
#
# The stage does it right: it sets logging up **once**, in the lifespan, when
# the application starts. `get_logger` only returns the logger.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: `basicConfig` is called too late
#
# The stage sets logging up with `logging.basicConfig`. That function does
# **nothing** if the root logger already has a handler. If any module calls
# `logging.warning(…)` at import, this already adds a handler. We run
# the stage twice, each time in a new process and a new folder:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "What is in the log file of the second run?"
# Expect three wrong answers: the same lines as in the first run; only the
# warning; nothing, because the start fails. Then ask: "Which of your libraries
# log while they are imported?"

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
# No error, no warning, and **no log file**. The task's lines are lost: the root
# logger's level is still WARNING. So set logging up before anything else can
# log, or call `basicConfig(force=True)`, which removes the old handlers.
#
# If the log file cannot be opened, `basicConfig` raises an exception, and the
# application does not start. In [stage 6](06_at_work.ipynb) the application
# prints one line that says what to do.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: the time is too early
#
# A provider runs before the response, so the time that it reads is from before
# the response. Here the task has to wait for another task of 0.3 seconds:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "When the task begins, how old is the time that
# it got?" Expect three wrong answers: 0 ms, because the task asked for it; some
# ms, as long as the request takes; 0 ms, because it is read again when the task
# begins.

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
        print(f"the task begins {late:.0f} ms after the clock was read")

    background_tasks.add_task(time.sleep, 0.3)
    background_tasks.add_task(work)


_ = send(early, "POST", "/")

# %% [markdown] slideshow={"slide_type": "subslide"}
# If a task needs the time at which it starts, give it a function that returns
# the time (a clock), and let the task call it. You will do that in exercise 3.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - chain dependencies, and say in which order FastAPI calls them;
# - replace one dependency of the chain and keep the others;
# - set logging up once for the whole process, in the lifespan.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see |
# |---|---|
# | a handler added in a dependency | each line twice, then three times, … |
# | `if not logger.handlers` in a `def` | the same, when two requests arrive at the same moment |
# | the provider reads the clock | the time is too early |
# | `basicConfig` after another handler | no log file, and no error |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 3](../exercises/ex03_chained_dependencies.py), then
# [stage 4](04_email_service.ipynb), where the task has settings and sends
# real e-mail.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Questions that you can now answer
#
# These are real questions from GitHub issues and forums. Each one has an
# answer: a small application that you can run. In a terminal, type for example
# `python3 start.py ask 21`.

# %% slideshow={"slide_type": "fragment"}
from course.lesson import questions

questions("03")
