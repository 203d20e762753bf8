# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 9 · Separate workers run the tasks, with Taskiq
#
# *15 minutes · builds on [stage 8](08_rq.ipynb) ·
# the code is [stages/s09_taskiq](../stages/s09_taskiq/worker.py)*
#
# Taskiq is `async`, as FastAPI is. Its queue here is a **stream** of Redis, a
# list that remembers for each message who has taken it and whether it was
# acknowledged.
#
# *On Windows:* the course brings a broker, Valkey, for Linux and macOS only. Read
# this notebook without running it, or run the course in WSL. To run only the
# stage, start Redis in WSL or Docker (`docker run -p 6379:6379 redis`) and set
# `REDIS_URL` to `redis://localhost:6379`.

# %% slideshow={"slide_type": "skip"}
import json
import logging
import time

import redis

from course.lesson import (
    LETTER,
    last_row,
    mailbox,
    new_in,
    running,
    silent_mail_server,
    source,
    start_with_broker,
    until_completed,
)
from course.workers import quiet_worker, until, worker_log

# Its time limit of a task is 5 s, so that no cell waits for long.
broker = start_with_broker("lesson09")

from stages.s06_at_work.tasks import call, get_tasks, overrides, run_task
from stages.s09_taskiq import worker
from stages.s09_taskiq.app import app

WORKER = "stages.s09_taskiq.worker"

# %% slideshow={"slide_type": "skip"}
new_in("s09")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A task with dependencies, and no request
#
# A worker has no request. How does a task get its logger, its settings and its
# session? One small function resolves the same `Depends`, with the library
# `taskiq-dependencies`, which Taskiq uses itself. The stages with Celery and RQ
# use the same function:

# %% slideshow={"slide_type": "fragment"}
source(call)

# %% slideshow={"slide_type": "fragment"}
source(run_task)

# %% [markdown] slideshow={"slide_type": "subslide"}
# A test replaces the dependencies of a worker in `overrides`, in the same way as
# in `app.dependency_overrides`. It is the same dictionary:

# %% slideshow={"slide_type": "fragment"}
print(app.dependency_overrides is overrides)

logging.disable()  # no broker runs in this cell
with running(app) as server:
    server.client.post("/run-task/report")
logging.disable(logging.NOTSET)

done = []
overrides[get_tasks] = lambda: {
    "run-task": lambda session, payload: done.append(payload.task_name)
}
call(run_task, last_row().id)
overrides.clear()
print(done, last_row().status)

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Live: call `call(run_task, last_row().id)` once
# more. Before that, ask: "What happens?" Expect three wrong answers: the task
# runs again; an exception; a second row. The row is completed, so `run_task`
# does nothing. This is why a message that comes twice does no harm.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One picture of both processes
#
# `followed` tells each process that starts in this block to write down when
# it publishes, begins and ends a task. The stage has no line for it.

# %% slideshow={"slide_type": "fragment"}
from course.lesson import followed

with (
    broker,
    followed() as across,
    quiet_worker(WORKER),
    running(app) as server,
):
    happened = server.send("POST", "/send-notification/ada@example.com")
    happened = across(happened)  # waits for the task
happened

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: no scheduler
#
# The mail server is away when the task runs. Afterwards it runs again. A worker
# runs too. Does the mail arrive?

# %% slideshow={"slide_type": "skip"}
# Write your guess here:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "Does the mail arrive?" Expect three wrong
# answers: yes, the worker retries; no, the message is lost; yes, the outbox
# job publishes it.

# %% slideshow={"slide_type": "fragment"}
with broker, running(app) as server, quiet_worker(WORKER):
    server.client.post("/send-email/", json=LETTER)
    until(lambda: last_row().status == "failed")
    print("the first attempt: ", last_row().status, "·", last_row().error)
    with mailbox() as box:
        time.sleep(5)
        print("without a scheduler:", last_row().status, "· mails:", len(box.mails))
        with quiet_worker(WORKER, "scheduler"):
            until_completed()
            print("with a scheduler:  ", last_row().status, end=" · mails: ")
            print(len(box.wait_for(1)))
print("attempts:", last_row().attempts)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Taskiq plans a retry as a scheduled task, in a list of its own, and a *worker*
# never looks there. The **scheduler** does: it sends the retries, the daily
# report and the outbox job. Run one scheduler. Without it, no failed task is
# retried.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: kill the worker
#
# The mail server accepts the connection and sends nothing, so a worker is in the
# middle of its task. Then we kill the worker. Is the message lost? (This cell
# takes half a minute or more.)

# %% slideshow={"slide_type": "skip"}
# Write your guess here:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "Who gets the message of the killed worker?"
# Expect three wrong answers: nobody, it is lost; the next worker, at once; the
# scheduler.

# %% slideshow={"slide_type": "fragment"}
def taken() -> int:
    """Count the messages of `run` that are taken, and not acknowledged."""
    with redis.Redis.from_url(broker.url) as client:
        (group,) = client.xinfo_groups("stage9")
        entries = client.xpending_range(
            "stage9", group["name"], "-", "+", 100
        )
        ids = [entry["message_id"] for entry in entries]
        messages = [client.xrange("stage9", key, key)[0][1] for key in ids]
    names = [json.loads(message[b"data"])["task_name"] for message in messages]
    return names.count("run")


logging.disable()  # this broker is not the one of the last cell
with broker, running(app) as server, quiet_worker(WORKER, "scheduler"):
    with silent_mail_server() as wait_for_call, quiet_worker(WORKER) as first:
        server.client.post("/send-email/", json=LETTER)
        wait_for_call()
        print("in the middle of it:", last_row().status, "· taken:", taken())
        first.kill()
        print("the worker is dead:", last_row().status, "· taken:", taken())
    with mailbox() as box, quiet_worker(WORKER):
        until_completed()
        print("arrived:", [mail.recipients for mail in box.wait_for(1)])
        until(lambda: taken() == 0)
logging.disable(logging.NOTSET)
print("the row says:", last_row().status, "· attempts:", last_row().attempts)

# %% [markdown] slideshow={"slide_type": "subslide"}
# It is not lost: the stream knows that the message was taken and not
# acknowledged. Another worker takes it over when the first one has been silent
# for longer than any task may run (`idle_timeout`). That is most of the time
# that this cell took.
#
# A worker of Taskiq looks for such messages only when a new one has arrived.
# On a quiet Sunday that could take hours. The outbox job, which the scheduler
# sends every `TASK_PUBLISH_AFTER` seconds, is such a new message. If the
# broker itself loses a message, that job publishes the row again, as in
# [stage 7](07_celery.ipynb).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The settings, and the reason for each

# %% slideshow={"slide_type": "fragment"}
source(worker)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - give a task what it needs, also where there is no request;
# - replace what a task needs in a test of a worker;
# - name the process that sends a retry;
# - say what a stream remembers, and who takes over from a dead worker.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see | where |
# |---|---|---|
# | no scheduler runs | a failed task is never tried again | above |
# | no new message arrives | nobody takes over from a dead worker | above |
# | the stream is read from its end | messages that came before the first worker are skipped | `consumer_id`, above |
# | a worker takes a hundred messages at a time | a killed one keeps them from the others | `xread_count`, above |
# | a message is acknowledged on arrival | a killed worker loses its tasks | `python3 start.py crash taskiq` |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 13](../exercises/ex13_task_queue.py), if you have not
# done it. Then [stage 10](10_procrastinate.ipynb), in which there is no
# broker: the database is the queue.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Questions that you can now answer
#
# These are real questions from GitHub issues and forums. Each one has an
# answer: a small application that you can run. In a terminal, type for example
# `python3 start.py ask 20`.

# %% slideshow={"slide_type": "fragment"}
from course.lesson import questions

questions("09")
