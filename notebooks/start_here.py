# %% [markdown] slideshow={"slide_type": "slide"}
# # Start here
#
# *15 minutes · needs some Python, and a little FastAPI: an endpoint, a path
# parameter*
#
# Somebody orders, uploads or registers, and something slow has to follow: a
# mail, a report, a file to be counted. A web application should answer
# "accepted" at once, then do the work. FastAPI has **background tasks** for that.
#
# They are three lines. The hard part comes in the second month: the task needs
# a logger, settings, a mail server, a database. It fails, and nobody notices.
# A test is green, and the task never ran. This course shows how to give a task
# what it needs by FastAPI's own means, its **dependencies**, and how to *see*
# what happens when.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Ask who has used background tasks, and who has lost one.
# Collect the answers on the board: nearly all of them come back in stages 1, 4
# and 5, as accidents that you will show live.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How these notebooks work
#
# Run a cell with Shift+Enter, from the top down. Nothing is simulated: every
# `send` starts a real server on this machine, sends a real request, waits for
# the tasks, and stops the server again, also when a cell fails. No network is
# needed.
#
# The first cell says whether all is in place:

# %% slideshow={"slide_type": "fragment"}
import sys
from importlib.metadata import version

from course.lesson import compare, send
from stages import s05_task_tracker as stage

print("Python", sys.version.split()[0])
for name in ("fastapi", "starlette", "pydantic", "sqlalchemy", "uvicorn"):
    print(name, version(name))

# %% [markdown] slideshow={"slide_type": "skip"}
# If it says that there is no module named `course`, the notebook runs with
# another Python than the course's. `python3 start.py lab`, in the course's
# folder, opens the notebooks with the right one. In VS Code, open the course's
# folder and choose the kernel `.venv`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One request, seen
#
# This is stage 5 of eleven, on a real server. After its notebook you will know
# each of these rows; for now, look only at the green line.

# %% slideshow={"slide_type": "fragment"}
happened = send(stage.app, "POST", "/run-task/report")
happened

# %% [markdown] slideshow={"slide_type": "subslide"}
# - The top bar is the **client**, who waits until the answer has come (that
#   may be a little right of the green line: it is on its way, and is read).
# - Each row below is a function that FastAPI called for this request: first
#   **dependencies**, then the **endpoint**, and last the **task**.
# - The green line is the moment at which the last byte of the response
#   **left**. The time scale changes there, or the first milliseconds would be
#   too small to be seen.
# - A thin line with two ends is a dependency that is *held*: it is entered
#   before, and left when all is over.
# - Below each name stands where it ran: on the event loop, or in a worker
#   thread. On the right stands how long it took.
#
# Nobody waits for anything to the right of the line. That is the whole idea.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Spend two minutes on the picture, it comes back in every
# notebook. Let somebody explain one row. The same pictures stand on the
# course's page (`python3 start.py`), under each stage, for the request that
# you just sent.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Predict, then look
#
# Most notebooks ask you for a guess first. A wrong guess is worth more than a
# right one: you will remember it. Here is an endpoint that adds a task, and
# says "welcome". Put these into the order that you expect:

# %% slideshow={"slide_type": "fragment"}
from fastapi import BackgroundTasks, FastAPI, HTTPException

app = FastAPI()


def send_welcome() -> None:
    print("Welcome!")


@app.post("/register")
def register(background_tasks: BackgroundTasks, full: bool = False) -> str:
    background_tasks.add_task(send_welcome)
    if full:
        raise HTTPException(409, "no place is left")
    return "welcome"


guess = [
    "register began",
    "send_welcome began",
    "send_welcome ended",
    "register ended",
    "response sent",
]

# %% slideshow={"slide_type": "fragment"}
compare(guess, send(app, "POST", "/register"))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it
#
# Each notebook then breaks something on purpose, and shows what that looks
# like. What becomes of the task when the endpoint changes its mind?

# %% slideshow={"slide_type": "fragment"}
happened = send(app, "POST", "/register?full=true")
print(happened.status, happened.json)
happened

# %% [markdown] slideshow={"slide_type": "fragment"}
# It **never ran**. A task belongs to the response of an endpoint that
# returned, and this one raised. [Stage 1](01_background_tasks.ipynb) goes on
# from here.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What task dependencies are for
#
# | they let you | and you see it in |
# |---|---|
# | keep the work apart from the endpoint | [stage 2](02_task_dependency.ipynb) |
# | use the same work in several endpoints | [stage 2](02_task_dependency.ipynb) |
# | replace the work in a test, in one line | [stage 2](02_task_dependency.ipynb), [testing](testing.ipynb) |
# | give the work a logger, settings, a mail service | [stage 3](03_chained_dependencies.ipynb), [stage 4](04_email_service.ipynb) |
# | let a task own its database session | [stage 5](05_task_tracker.ipynb) |
# | refuse, log and limit as production asks | [stage 6](06_at_work.ipynb) |
# | run the same task in a worker, a process of its own | stages [7](07_celery.ipynb) to [11](11_dbos.ipynb) |

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The way through
#
# | notebook | minutes | then do |
# |---|---|---|
# | [Stage 1 · Answer first, work afterwards](01_background_tasks.ipynb) | 20 | [exercise 1](../exercises/ex01_background_task.py) |
# | [Stage 2 · The endpoint asks for its task](02_task_dependency.ipynb) | 20 | [exercise 2](../exercises/ex02_task_dependency.py) |
# | [Stage 3 · What the task needs](03_chained_dependencies.ipynb) | 20 | [exercise 3](../exercises/ex03_chained_dependencies.py) |
# | [Stage 4 · Settings, and real e-mail](04_email_service.ipynb) | 25 | [exercise 4](../exercises/ex04_settings.py) |
# | [Stage 5 · A task leaves a record](05_task_tracker.ipynb) | 25 | exercises [5](../exercises/ex05_own_session.py) and [6](../exercises/ex06_predict_the_order.py) |
# | [Testing tasks](testing.ipynb) | 20 | [exercise 7](../exercises/ex07_test_a_task.py) |
# | [The five projects](projects.ipynb) | 25 | exercises [8](../exercises/ex08_rate_limit.py) to [12](../exercises/ex12_progress.py) |
# | [Stage 6 · The same application at work](06_at_work.ipynb) | 25 | [exercise 13](../exercises/ex13_task_queue.py) |
# | Workers of their own: [stage 7, Celery](07_celery.ipynb) | 20 | `python3 start.py stage 7` |
# | or [stage 8, RQ](08_rq.ipynb) | 15 | `python3 start.py stage 8` |
# | or [stage 9, Taskiq](09_taskiq.ipynb) | 15 | `python3 start.py stage 9` |
# | [Stage 10, Procrastinate](10_procrastinate.ipynb): the database is the queue | 20 | `python3 start.py stage 10` |
# | [Stage 11, DBOS](11_dbos.ipynb): a task resumes where it stopped | 15 | `python3 start.py stage 11` |
# | [Which engine?](which_engine.ipynb) | 15 | `python3 start.py crash` |
#
# The exercises are done in your editor, beside a terminal in which
# `python3 start.py watch` grades what you save, at once.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Six practices, and the run that shows each
#
# | practice | shown in |
# |---|---|
# | one dependency, one responsibility | [stage 3](03_chained_dependencies.ipynb): replace one link |
# | build larger ones from smaller ones | [stage 3](03_chained_dependencies.ipynb): the chain |
# | no failure without a trace | [stage 4](04_email_service.ipynb): the swallowed exception; [stage 5](05_task_tracker.ipynb): the record |
# | hold no connection while you wait | [stage 5](05_task_tracker.ipynb): a session of its own, a pool of two |
# | test what the task did, not that it was mentioned | [testing](testing.ipynb) |
# | know when to leave the process | [stage 5](05_task_tracker.ipynb): forty threads; a kill, and what is lost |

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Now you can
#
# - run a cell, read a picture, and change both;
# - say which part of a request somebody waits for.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see |
# |---|---|
# | no module named `course` | the wrong kernel: choose `.venv`, or the job `lab` |
# | a port is taken | nothing: each `send` takes a free one |
# | a task's `print` in a later cell | the task ended late: only `send` waits for tasks |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [stage 1](01_background_tasks.ipynb), and after it
# [exercise 1](../exercises/ex01_background_task.py).
