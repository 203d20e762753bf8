# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 7 · Workers of their own, with Celery
#
# *20 minutes · builds on [stage 6](06_survive_restart.ipynb) ·
# the code is [stages/s07_celery](../stages/s07_celery/worker.py)*
#
# Until now the server did the work too. Here a **broker** stands between: the
# application hands it a number, the row's ID, and a **worker**, a process of
# its own, takes that number and runs the task. There may be many workers, on
# many machines, and the server has its threads for those who ask.
#
# The endpoints, the tasks and the rows are stage 6's. Not a line is copied.

# %% slideshow={"slide_type": "skip"}
import os
import time

from course.broker import Broker
from course.folders import data_dir
from course.labs.crash.results import Report
from course.labs.crash.shown import STORED, crash, stored
from course.lesson import new_in, running, send, source, table
from course.workers import quiet_worker
from stages.s06_survive_restart import tasks
from stages.s07_celery import worker
from stages.s07_celery.app import app

# %% slideshow={"slide_type": "skip"}
new_in("s07")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Hand it over
#
# A broker of our own, a real Valkey, and no worker yet. Predict: what
# does the client get, and when?

# %% slideshow={"slide_type": "fragment"}
broker = Broker(data_dir() / "broker")
broker.start()
os.environ["REDIS_URL"] = broker.url
happened = send(app, "POST", "/run-task/report")
happened

# %% slideshow={"slide_type": "fragment"}
print(happened.status, happened.json)


def last_row() -> tasks.TaskLog:
    with tasks.get_session_factory()() as db:
        return db.query(tasks.TaskLog).order_by(tasks.TaskLog.id.desc())[0]


print("the row says:", last_row().status)

# %% [markdown] slideshow={"slide_type": "subslide"}
# No task behind the response: this process has nothing left to do. The number
# waits in the broker. Now a worker:

# %% slideshow={"slide_type": "fragment"}
began = time.monotonic()
with quiet_worker("stages.s07_celery.worker"):
    while last_row().status != "completed" and time.monotonic() < began + 60:
        time.sleep(0.1)
print("the row says:", last_row().status)

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Live, in three terminals: `python3 start.py broker`, the
# worker, the application, each with that REDIS_URL; stop the worker, post,
# look at `/task-logs/`, start it again. `python3 start.py stage 7` does
# all three in one.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: a queue as installed
#
# "Use Celery" is what the old course said. Here it is as Celery's first steps
# show it, and the worker is killed half-way. Predict: how many of sixty are
# lost?

# %% slideshow={"slide_type": "fragment"}
crash("Celery", wait=10)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The worker had taken several messages at once, and had said "got it" for
# each **when it arrived**. Both are settings, and this is how the stage sets
# them, each with what happens without it:

# %% slideshow={"slide_type": "subslide"}
source(worker)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The same kill, as set up here

# %% slideshow={"slide_type": "fragment"}
survived = crash("Celery", "course", wait=15)
survived

# %% slideshow={"slide_type": "fragment"}
(run,) = survived.rows
print("lost:", run.lost, "· all done after", run.seconds, "s")
print("effects in the same database, there once:", run.in_database.count("1"))

# %% [markdown] slideshow={"slide_type": "subslide"}
# The settings help, and still it is the **row** that makes it sure: what is
# overdue is sent again, whoever lost it. Five kills with two hundred tasks
# each, as they are kept with the course:

# %% slideshow={"slide_type": "fragment"}
stored("Celery")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: the broker dies
#
# It keeps its queue in memory. Killed, with forty tasks waiting in it, with an
# append-only file and without:

# %% slideshow={"slide_type": "fragment"}
report = Report.load(STORED)
table(
    ["setup", "append-only file", "accepted", "lost"],
    [
        [
            *("as installed" if one["setup"] == "installed" else "here",),
            "yes" if one["append_only"] else "no",
            *(one["accepted"], one["lost"]),
        ]
        for one in report.broker
    ],
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Many images and packages start it without an append-only file. The last line is the
# row again: the broker had forgotten all of them, and they were sent again.
#
# And while it is gone? A request that can't hand its task over must not say
# that it did:

# %% slideshow={"slide_type": "fragment"}
import logging

logging.disable()  # one line in the log says so
broker.kill()
with running(app) as server:
    for state in ("gone", "back"):
        if state == "back":
            broker.start()
        sent = time.perf_counter()
        answer = server.client.post("/run-task/report")
        waited = time.perf_counter() - sent
        retry = answer.headers.get("Retry-After")
        print(f"broker {state}: {answer.status_code}, Retry-After {retry}")
        print(f"  in less than a second: {waited < 1}; {last_row().status}")
logging.disable(logging.NOTSET)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The refused row is kept, and a message that arrives late after all finds
# "refused" and does nothing: the client was told 503, and will ask again.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: a timeout shorter than the task
#
# A broker can't know whether a silent worker is dead or busy. After its
# *visibility timeout* it gives the message to another. Three tasks of six
# seconds, and a timeout of two:

# %% slideshow={"slide_type": "fragment"}
table(
    ["engine", "timeout", "a task takes", "tasks", "runs", "most for one"],
    [
        [
            one["engine"],
            *(f"{one['timeout']} s", f"{one['task']:g} s"),
            *(one["accepted"], one["runs"], one["most"]),
        ]
        for one in report.visibility
    ],
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Choose it longer than the longest task. (Celery looks for such messages every
# hundred seconds, by default; in this run it looked each second.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What it is good for
#
# Forty sleeping tasks, and what one more request waits:

# %% slideshow={"slide_type": "fragment"}
table(
    ["tasks run in", "else", "behind forty tasks"],
    [
        [
            one["engine"],
            *(f"{one[k] * 1000:.0f} ms" for k in ("idle", "behind")),
        ]
        for one in report.waiting
    ],
)

# %% slideshow={"slide_type": "skip"}
broker.kill()

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - put a queue behind endpoints that do not change;
# - say what an engine's defaults lose, and which setting prevents it;
# - answer honestly while the broker is gone;
# - run `python3 start.py crash celery` and read what it says.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see |
# |---|---|
# | a message counts as done on arrival | a killed worker takes some along |
# | the broker keeps no file | the whole queue is gone |
# | the timeout is shorter than the task | it runs again and again |
# | publish before the commit | a worker that finds no row |
# | the broker is gone, and nobody looks | a bare 500, or seconds of waiting |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 13](../exercises/ex13_task_queue.py), if you have not
# done it. Then the same with two other engines: [stage 8](08_rq.ipynb) and
# [stage 9](09_taskiq.ipynb), and [from one process to many
# hosts](../docs/scaling.md).
