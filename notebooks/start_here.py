# %% [markdown] slideshow={"slide_type": "slide"}
# # Introduction
#
# *15 minutes · you should know some Python and a little FastAPI: what an
# endpoint and a path parameter are*
#
# A user orders something, uploads a file or registers. Then the application
# has slow work to do: it sends an e-mail, writes a report or checks a file. A
# web application should answer "accepted" at once, then do the work. FastAPI
# has **background tasks** for that.
#
# A background task takes three lines of code. The hard part comes later: the
# task needs a logger, settings, a mail server, a database. The task fails, and
# nobody notices. A test is green, but the task never ran. This course shows
# how FastAPI's **dependencies** give a task what it needs, and it lets you
# *see* in which order things happen.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask who has used background tasks, and whose
# background task did not run. Write the answers on the board. Most of them
# come back in stages 1, 4 and 5, as mistakes that you show live.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How these notebooks work
#
# Begin at the top. Press Shift+Enter to run a cell. Nothing is simulated.
# Each `send` starts a real server on this machine, sends a real request, waits
# until the tasks have ended, and stops the server. You need no network.
#
# Each time you run a notebook, it starts in a new, empty folder. So it shows
# the same results each time.
#
# The first cell checks the installation:

# %% slideshow={"slide_type": "fragment"}
import sys
from importlib.metadata import version

from course.lesson import compare, send, start_afresh

start_afresh()

from stages import s05_task_tracker as stage

print("Python", sys.version.split()[0])
for name in ("fastapi", "starlette", "pydantic", "sqlalchemy", "uvicorn"):
    print(name, version(name))

# %% [markdown] slideshow={"slide_type": "skip"}
# If the cell says that there is no module named `course`, the notebook uses
# the wrong Python. Run `python3 start.py lab` in the course's folder: this
# command opens the notebooks with the right Python. In VS Code, open the
# course's folder and choose the kernel `.venv`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One request in a picture
#
# This is stage 5 of eleven, on a real server. Its notebook explains each row
# of the picture below. For now, look only at the green line.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** This kind of picture comes back in every notebook.
# Let somebody explain one row. Ask: "Which of these rows does the client wait
# for?" Expect three wrong answers: for all of them; for the rows of one
# colour; for the task too, because the client needs its result.

# %% slideshow={"slide_type": "fragment"}
happened = send(stage.app, "POST", "/run-task/report")
happened

# %% [markdown] slideshow={"slide_type": "subslide"}
# - The top bar is the **client**. It waits until it has received the answer.
#   Its bar ends a little to the right of the green line, because the answer
#   needs time to arrive and to be read.
# - Each row below is a function that FastAPI called for this request: first
#   the **dependencies**, then the **endpoint**, and last the **task**.
# - The green line is the moment when the last byte of the response **left** the
#   application. The time scale changes there. With one scale for all, you could
#   not see the first milliseconds.
# - A thin line with a mark at both ends shows a dependency that is still open
#   (*held*): its code before `yield` ran at the left end, its code after
#   `yield` at the right end.
# - Below each name you read where it ran: on the event loop or in a worker
#   thread. On the right you read how long it took.
#
# Nobody waits for anything to the right of the line. That is the whole idea.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Predict, then look
#
# Most notebooks ask for your guess first. A wrong guess helps you more than a
# right one: you will remember it. Here is an endpoint that adds a task, and
# then returns "welcome". `full=true` in the request means that no place is
# left:

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


# %% [markdown] slideshow={"slide_type": "fragment"}
# In which order do the five moments below happen? Copy them into `guess`, in
# your order, for example `guess = ["response sent", "register began"]`. Then
# run the cell below and the code cell after it.

# %% slideshow={"slide_type": "fragment"}
moments = [
    "register began",
    "register ended",
    "response sent",
    "send_welcome began",
    "send_welcome ended",
]
guess = []

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "Which comes first, the response or the
# task?" Let everybody write an order down before you go on. Expect three wrong
# orders: the task inside the endpoint, as with a function call; the task
# between the endpoint and the response; the task at the same time as the
# response.

# %% slideshow={"slide_type": "subslide"}
compare(guess, send(app, "POST", "/register"))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it
#
# After the prediction, each notebook breaks something on purpose and shows the
# result.
# Here the endpoint adds its task, and raises an exception afterwards. Does the
# task run?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "Does the task run?" Expect three wrong
# answers: yes, because it was added before the error; yes, because a 409 is a
# response too; yes, but only after the client has its 409.

# %% slideshow={"slide_type": "fragment"} jupyter={"outputs_hidden": true}
happened = send(app, "POST", "/register?full=true")
print(happened.status, happened.json)
happened

# %% [markdown] slideshow={"slide_type": "fragment"}
# It **never ran**. A task runs only if its endpoint *returned*, and this
# endpoint raised an exception. [Stage 1](01_background_tasks.ipynb) explains
# this rule.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What task dependencies are for
#
# | they let you | and you see it in |
# |---|---|
# | keep the work and the endpoint in separate functions | [stage 2](02_task_dependency.ipynb) |
# | use the same work in several endpoints | [stage 2](02_task_dependency.ipynb) |
# | replace the work in a test, in one line | [stage 2](02_task_dependency.ipynb), [testing](testing.ipynb) |
# | give the work a logger, settings, a mail service | [stage 3](03_chained_dependencies.ipynb), [stage 4](04_email_service.ipynb) |
# | give a task a database session of its own | [stage 5](05_task_tracker.ipynb) |
# | refuse wrong requests, log failures and set limits: an application in production needs this | [stage 6](06_at_work.ipynb) |
# | run the same task in a worker: a separate process | stages [7](07_celery.ipynb) to [11](11_dbos.ipynb) |

# %% [markdown] slideshow={"slide_type": "slide"}
# ## All notebooks
#
# | notebook | minutes | then do |
# |---|---|---|
# | [Stage 1 · Answer first, work afterwards](01_background_tasks.ipynb) | 25 | [exercise 1](../exercises/ex01_background_task.py) |
# | [Stage 2 · A dependency returns the task, so a test can replace the task](02_task_dependency.ipynb) | 15 | [exercise 2](../exercises/ex02_task_dependency.py) |
# | [Stage 3 · The objects that a task needs are dependencies too](03_chained_dependencies.ipynb) | 20 | [exercise 3](../exercises/ex03_chained_dependencies.py) |
# | [Stage 4 · Settings are a dependency, and the task sends real e-mail](04_email_service.ipynb) | 30 | [exercise 4](../exercises/ex04_settings.py) |
# | [Stage 5 · A task has a database session of its own, and a record](05_task_tracker.ipynb) | 30 | exercises [5](../exercises/ex05_own_session.py) and [6](../exercises/ex06_predict_the_order.py) |
# | [Testing tasks](testing.ipynb) | 25 | [exercise 7](../exercises/ex07_test_a_task.py) |
# | [The five projects](projects.ipynb) | 30 | exercises [8](../exercises/ex08_rate_limit.py) to [12](../exercises/ex12_progress.py) |

# %% [markdown] slideshow={"slide_type": "subslide"}
# | in production | minutes | then do |
# |---|---|---|
# | [Stage 6 · The same application, ready for production](06_at_work.ipynb) | 35 | `python3 start.py stage 6` |
# | [Stage 7 · Separate workers run the tasks, with Celery](07_celery.ipynb) | 25 | `python3 start.py stage 7` |
# | or [Stage 8 · Separate workers run the tasks, with RQ](08_rq.ipynb) | 20 | `python3 start.py stage 8` |
# | or [Stage 9 · Separate workers run the tasks, with Taskiq](09_taskiq.ipynb) | 15 | `python3 start.py stage 9` |
# | [Stage 10 · The database is the queue, with Procrastinate](10_procrastinate.ipynb) | 20 | `python3 start.py stage 10` |
# | [Stage 11 · A task resumes where it stopped, with DBOS](11_dbos.ipynb) | 20 | `python3 start.py stage 11` |
# | [Which engine?](which_engine.ipynb) | 20 | `python3 start.py crash` |
#
# Do [exercise 13](../exercises/ex13_task_queue.py) after stage 6 and one of
# the stages 7 to 11. You do the exercises in your editor. In a terminal beside
# it, `python3 start.py watch` grades your file as soon as you save it.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Six good practices, and where you see each of them
#
# | practice | shown in |
# |---|---|
# | one dependency, one responsibility | [stage 3](03_chained_dependencies.ipynb): replace one dependency of the chain |
# | build larger dependencies from smaller ones | [stage 3](03_chained_dependencies.ipynb): the chain |
# | record every failure | [stage 4](04_email_service.ipynb): the swallowed exception; [stage 5](05_task_tracker.ipynb): the record |
# | do not keep a database connection open while you wait | [question 12](../questions/q12_pool_deadlock.py): a pool of connections that is too small |
# | test what the task did, not only the answer | [testing](testing.ipynb) |
# | know when a task needs another process | [stage 5](05_task_tracker.ipynb): a killed process, and what is lost |

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - run a cell, change it, and read its picture;
# - say which part of a request the client waits for.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see |
# |---|---|
# | no module named `course` | the wrong kernel: choose `.venv`, or use `python3 start.py lab` |
# | a port is already in use | no problem: each `send` uses a free port |
# | the output of a task appears below a later cell | the task ended late: only `send` waits for tasks |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [stage 1](01_background_tasks.ipynb), and after it
# [exercise 1](../exercises/ex01_background_task.py).
