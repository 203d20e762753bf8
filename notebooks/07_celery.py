# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 7 · Separate workers run the tasks, with Celery
#
# *25 minutes · builds on [stage 6](06_at_work.ipynb) ·
# the code is [stages/s07_celery](../stages/s07_celery/worker.py)*
#
# Until now the web server also did the work, and a killed server lost its tasks.
# Here a **broker** keeps them. The application sends it a message: the ID of a
# row. A **worker** is a separate process. It takes the message, runs the task
# and **acknowledges** the message. A message that was not acknowledged is
# **redelivered** to another worker.
#
# The endpoints, the tasks and the rows are those of stage 6: this stage imports
# them without any change.
#
# *On Windows:* the course brings a broker, Valkey, for Linux and macOS only.
# Read this notebook without running it, or run the course in WSL. To run only
# the application of this stage, start Redis in WSL or Docker
# (`docker run -p 6379:6379 redis`) and set `REDIS_URL` to
# `redis://localhost:6379`.

# %% slideshow={"slide_type": "skip"}
import json
import logging

import redis

from course.lesson import (
    LETTER,
    last_row,
    mailbox,
    new_in,
    running,
    send,
    silent_mail_server,
    source,
    start_with_broker,
    until_completed,
)
from course.workers import quiet_worker, until, worker_log

# Its time limit of a task is 5 s, so that no cell waits for long.
broker = start_with_broker("lesson07")

from stages.s06_at_work import manage
from stages.s07_celery import worker
from stages.s07_celery.app import app

WORKER = "stages.s07_celery.worker"

# %% slideshow={"slide_type": "skip"}
new_in("s07")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Send a task to the broker
#
# A broker runs, but no worker runs yet. What does the client get, and what
# does the row say?

# %% slideshow={"slide_type": "skip"}
# Write your guess here:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "What does the client get?" Expect three wrong
# answers: an error, because no worker runs; a success and "completed"; a
# request that waits for a worker.

# %% slideshow={"slide_type": "fragment"}
with broker:
    happened = send(app, "POST", "/send-notification/ada@example.com")
happened

# %% slideshow={"slide_type": "fragment"}
print(happened.status, happened.json)
print("the row says:", last_row().status)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Nothing runs after the response: this process has no more work. (The client
# waited longer than usual, because the first request imports modules and
# connects to the broker.) The message waits in the broker. The broker stopped
# after the cell, kept the message in a file, and starts again in the next cell:

# %% slideshow={"slide_type": "fragment"}
with broker, redis.Redis.from_url(broker.url) as client:
    for key in client.scan_iter("stage7:stage7"):
        message = json.loads(client.lrange(key, 0, 0)[0])
        print("queue:", key.decode(), "· messages:", client.llen(key))
        print("task:", message["headers"]["task"])
        print("arguments:", message["headers"]["argsrepr"])

# %% [markdown] slideshow={"slide_type": "fragment"}
# The argument is a number: no address, no text, no Python object. Somebody who
# can read the broker learns nothing, and a worker reads the row as it is when
# the task runs.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A worker
#
# `python -m stages.s07_celery.worker` starts a worker. This cell starts one,
# waits until the row is completed, and stops it. Then we read its log:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Live, in four terminals with the same `REDIS_URL`:
# `python3 start.py broker`, `python -m stages.s07_celery.worker`, the same with
# `scheduler` at its end, and `uvicorn stages.s07_celery.app:app`. Stop the
# worker, post, look at `/task-logs/`, and start the worker again.
# `python3 start.py stage 7` starts all four in one terminal.

# %% slideshow={"slide_type": "fragment"}
with broker, quiet_worker(WORKER):
    until_completed()
print(worker_log("received|succeeded|background_tasks"))
print("the row says:", last_row().status)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One picture of both processes
#
# `followed` tells each process that starts in this block to write down when it
# publishes, begins and ends a task. The stage's code does not change for that.

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
# ## The settings, and the reason for each
#
# Celery's default values are made for a first try. Each comment below says
# what happens **without** its setting:

# %% slideshow={"slide_type": "subslide"}
source(worker)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: kill the worker
#
# The mail server accepts the connection and sends nothing, so the worker is in
# the middle of a task. We kill the worker and all its child processes, and
# start a second worker. Does the mail arrive, and what does `attempts` say?

# %% slideshow={"slide_type": "skip"}
# Write your guess here:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 4 minutes.** Ask: "Does the mail arrive?" Expect three wrong
# answers: no, the task is lost; yes, the second worker continues in the middle
# of the task; yes, the second worker runs it at once. Then ask how the broker
# could know that the first worker is dead.

# %% slideshow={"slide_type": "fragment"}
with broker, running(app) as server:
    with silent_mail_server() as wait_for_call, quiet_worker(WORKER) as first:
        server.client.post("/send-email/", json=LETTER)
        wait_for_call()
        active = worker.celery.control.inspect().active()  # for later
        first.kill()
        print("killed; the row says:", last_row().status)
    with mailbox() as box, quiet_worker(WORKER):
        until_completed()
        print("arrived:", [mail.recipients for mail in box.wait_for(1)])

print("the row says:", last_row().status, "· attempts:", last_row().attempts)
print(worker_log("received|succeeded|background_tasks"))

# %% [markdown] slideshow={"slide_type": "subslide"}
# This is the log of the second worker. The first worker had not acknowledged
# the message (`task_acks_late`). The broker cannot tell whether a silent
# worker died or is still working. It waits for the **visibility timeout**, and
# then redelivers the message. This is the timeout of this notebook:

# %% slideshow={"slide_type": "fragment"}
options = worker.celery.conf.broker_transport_options
print(options["visibility_timeout"], "s")

# %% [markdown] slideshow={"slide_type": "fragment"}
# A task may take 5 s in this notebook, and 300 s by default. The timeout must
# be longer than the longest task and the longest pause between two attempts
# together. With a shorter timeout, a second worker gets the task while the
# first one is still working.
#
# So a task may run **twice**. If a worker dies after it has sent the mail, and
# before it records that, a second worker sends the mail again. This is "at
# least once". Both mails have the same `Message-ID`, so the receiver can
# recognize the second one. An effect in the database is there only once: it is
# in the same transaction as "completed".

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: the mail server is away
#
# The mail server does not run when the worker begins. After two attempts it runs
# again:

# %% slideshow={"slide_type": "fragment"}
with broker, running(app) as server, quiet_worker(WORKER):
    server.client.post("/send-email/", json=LETTER)
    until(lambda: last_row().attempts >= 2 and last_row().status == "failed")
    print("the row says:", last_row().status, "·", last_row().error)
    with mailbox() as box:
        until_completed()
        print("arrived:", [mail.recipients for mail in box.wait_for(1)])
print("the row says:", last_row().status, "· attempts:", last_row().attempts)
print(worker_log("Retry in|succeeded"))

# %% [markdown] slideshow={"slide_type": "fragment"}
# `run_task` records the failure and raises the exception, and Celery retries the
# task. The pause doubles up to `TASK_LONGEST_PAUSE`. A random part shortens it,
# so that a thousand tasks that failed together do not all come back together.
# After `TASK_MAX_ATTEMPTS` (30, in several hours) the row is **dead**, and
# `python -m stages.s06_at_work.manage revive` schedules it again.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: the broker is away
#
# What does the client get now?

# %% slideshow={"slide_type": "skip"}
# Write your guess here:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "What does the client get without a broker?"
# Expect three wrong answers: 503; 500; 200, and the task is lost.

# %% slideshow={"slide_type": "fragment"}
logging.disable()  # one line: "The broker takes no task now"
answer = send(app, "POST", "/run-task/report")
logging.disable(logging.NOTSET)
print(answer.status, answer.json)
row = last_row()
print(row.task_name, row.status, "· published at:", row.published_at)

# %% [markdown] slideshow={"slide_type": "subslide"}
# It gets a success, because the row is committed. No message was published yet.
# The **scheduler**, a third process, takes care of that. It starts the daily
# report, and it starts the outbox job, which publishes what the broker never
# got.

# %% slideshow={"slide_type": "fragment"}
with broker, quiet_worker(WORKER), quiet_worker(WORKER, "scheduler"):
    until_completed()
row = last_row()
print(row.task_name, row.status, "· published:", row.published_at is not None)
print(worker_log("Publishing").splitlines()[0])

# %% [markdown] slideshow={"slide_type": "fragment"}
# The same job publishes again what a broker has lost: each row that is neither
# completed nor dead, and that has not changed for two hours (`TASK_LOST_AFTER`).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## See what the workers do
#
# The engine knows what its workers do now. This is what it said while the first
# worker was in the middle of its task. In a terminal,
# `python -m stages.s07_celery.worker monitor` shows it:

# %% slideshow={"slide_type": "fragment"}
for tasks in active.values():
    for task in tasks:
        names = ["name", "args", "acknowledged"]
        print({name: task[name] for name in names})

# %% [markdown] slideshow={"slide_type": "fragment"}
# And the rows say how each task ended:

# %% slideshow={"slide_type": "fragment"}
assert manage.main(["list"]) == 0

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - put a broker and workers behind endpoints that do not change;
# - say for each setting of Celery what happens without it;
# - explain why a killed worker's task comes back, and why it may run twice;
# - answer with success while the broker is away, and run the task later.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see | where |
# |---|---|---|
# | a message is acknowledged on arrival | a killed worker loses its tasks | `python3 start.py crash celery` |
# | the visibility timeout is shorter than the task | it runs twice | [the anatomy of a queue](10_procrastinate.ipynb) |
# | a message is published before the commit | a worker that finds no row | [stage 5](05_task_tracker.ipynb) |
# | the answer depends on the broker | an error for a task that is accepted | above |
# | no scheduler runs | rows without `published_at` stay | above |
# | no retries | the mail server is away for a minute, and the mail is never sent | above |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 13](../exercises/ex13_task_queue.py), if you have not
# done it. Then [stage 8](08_rq.ipynb): the same with RQ, which forks a process
# for each task.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Questions that you can now answer
#
# These are real questions from GitHub issues and forums. Each one has an
# answer: a small application that you can run. In a terminal, type for example
# `python3 start.py ask 22`.

# %% slideshow={"slide_type": "fragment"}
from course.lesson import questions

questions("07")
