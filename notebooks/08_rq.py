# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 8 · Separate workers run the tasks, with RQ
#
# *20 minutes · builds on [stage 7](07_celery.ipynb) ·
# the code is [stages/s08_rq](../stages/s08_rq/worker.py)*
#
# RQ is the smallest of the three engines with a broker. A queue is a list in
# Redis. A job is the name of a function with its arguments. A worker **forks** a
# process for each job. From Celery to RQ only two short files change.
#
# *On Windows:* RQ needs `fork`, so its worker runs in WSL or in a container. Run
# the course in WSL, or read this notebook without running it.

# %% slideshow={"slide_type": "skip"}
import os
import zlib

import psutil
import redis
import rq
import sqlalchemy as sa

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
from course.processes import Program
from course.workers import quiet_worker, until, worker_log

# 8 s instead of two hours, and other times shorter, so that no cell waits.
broker = start_with_broker("lesson08", TASK_LOST_AFTER="8")

from stages.s06_at_work.database import TaskLog, get_session_factory
from stages.s08_rq import worker
from stages.s08_rq.app import app

WORKER = "stages.s08_rq.worker"

# %% slideshow={"slide_type": "skip"}
new_in("s08")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What is in the broker
#
# Two tasks are published, and no worker runs. One is a notification to Ada. What
# can somebody read about Ada in the broker?

# %% slideshow={"slide_type": "skip"}
# Write your guess here:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "What is in the broker?" Expect three wrong
# answers: Ada's address; the whole row; the code of the task.

# %% slideshow={"slide_type": "fragment"}
with (
    broker,
    running(app) as server,
    redis.Redis.from_url(broker.url) as client,
):
    server.client.post("/send-notification/ada@example.com")
    server.client.post("/run-task/report")
    for key in client.lrange("rq:queue:stage8", 0, -1):
        job = client.hgetall(b"rq:job:" + key)
        data = zlib.decompress(job[b"data"])
        print(job[b"description"].decode(), "· Ada:", b"ada@" in data)

# %% [markdown] slideshow={"slide_type": "subslide"}
# There is the name of a function and a number, the row's ID. Ada's address is only
# in the database. A session, a row or a closure could not be sent. The worker
# gets what a task needs by `Depends`, from the same functions as the
# application.
#
# The queue has a name of its own. RQ's own name is `default`: with it, each
# application on this Redis would take the jobs of all others. The application
# sets the options of a job when it publishes the job:

# %% slideshow={"slide_type": "fragment"}
source(worker.RQQueue)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now a worker:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "What must a worker have to run a job?" Expect
# three wrong answers: the request; the session of the endpoint; the web
# application. It needs the function's module, the database's address and the
# settings for e-mail. Then ask what must *not* be in a job: a session, a row,
# a password.

# %% slideshow={"slide_type": "fragment"}
def open_rows() -> int:
    query = sa.select(sa.func.count(TaskLog.id))
    with get_session_factory()() as session:
        return session.scalar(query.where(TaskLog.status != "completed"))


print("not completed:", open_rows())
with broker, quiet_worker(WORKER):
    until(lambda: open_rows() == 0)
print("not completed:", open_rows())
print(worker_log("stage8: |background_tasks"))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A process for each job
#
# The worker forks, and the fork does one job and ends. If a task leaks memory or
# crashes its process, the next job is not affected. This has a cost: the worker
# does fewer small tasks in a second than those of stages 7 and 9.
# `python3 start.py bench queues` measures it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One picture of both processes
#
# `followed` tells each process that starts in this block to write down when
# it publishes, begins and ends a task. The stage has no line for it.
#
# The mail server is away at first, so the task fails and is tried again:

# %% slideshow={"slide_type": "fragment"}
from course.lesson import followed

with (
    broker,
    followed() as across,
    quiet_worker(WORKER),
    running(app) as server,
):
    happened = server.send("POST", "/send-email/", json=LETTER)
    until(lambda: last_row().status == "failed")
    with mailbox():
        happened = across(happened)  # waits for the task
happened

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: kill the fork
#
# When a container has no memory left, the system kills the process that uses
# most of it. Here that is the fork, in the middle of its task. The worker
# itself is not killed. Does the mail arrive?

# %% slideshow={"slide_type": "skip"}
# Write your guess here:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "Does the mail arrive?" Expect three wrong
# answers: no, the job died with its process; yes, after the visibility
# timeout, as with Celery; only after the worker is started again.

# %% slideshow={"slide_type": "fragment"}
def fork_of(program: Program) -> psutil.Process:
    """Find the process that is connected to the mail server."""
    mail_port = int(os.environ["SMTP_PORT"])
    (fork,) = [
        process
        for process in psutil.Process(program.process.pid).children()
        for connection in process.net_connections()
        if connection.raddr and connection.raddr.port == mail_port
    ]
    return fork


with broker, running(app) as server, quiet_worker(WORKER) as program:
    with silent_mail_server() as wait_for_call:
        server.client.post("/send-email/", json=LETTER)
        wait_for_call()
        fork_of(program).kill()
    with mailbox() as box:
        until_completed()
        print("arrived:", [mail.recipients for mail in box.wait_for(1)])
print("the row says:", last_row().status, "· attempts:", last_row().attempts)
print(worker_log("[Ww]ork-horse|E-mail sent"))

# %% [markdown] slideshow={"slide_type": "fragment"}
# Yes, after some seconds. The worker waits for its fork, sees that it was killed,
# and puts the job back for a retry. `retry=` says how often, and after which
# pauses. Without it, a job has one attempt.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: the mail server is away
#
# Which process remembers that the task has to be retried in two seconds?

# %% slideshow={"slide_type": "skip"}
# Write your guess here:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "Which process remembers the retry?" Expect
# three wrong answers: the fork, which sleeps; the worker, in its memory; the
# application.

# %% slideshow={"slide_type": "fragment"}
with (
    broker,
    running(app) as server,
    quiet_worker(WORKER),
    redis.Redis.from_url(broker.url) as client,
):
    queue = rq.Queue("stage8", connection=client)
    server.client.post("/send-email/", json=LETTER)
    until(lambda: queue.scheduled_job_registry.count)
    print("to be tried again:", queue.scheduled_job_registry.count)
    until(lambda: last_row().attempts >= 2 and last_row().status == "failed")
    print("the row says:", last_row().status, "·", last_row().error)
    with mailbox() as box:
        until_completed()
        print("arrived:", [mail.recipients for mail in box.wait_for(1)])
print("the row says:", last_row().status, "· attempts:", last_row().attempts)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The broker remembers it, in a sorted list, and the worker looks there
# (`with_scheduler=True`). Without this setting RQ plans the retry, but no process
# runs it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: kill the worker
#
# Now we kill the worker and its fork together, as a power cut does. No process
# knows how the job ended. Does the mail arrive?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "Who finds out that the job did not end?"
# Expect three wrong answers: nobody; Redis, because the connection is closed;
# the web application.

# %% slideshow={"slide_type": "fragment"}
with broker, running(app) as server:
    with silent_mail_server() as wait_for_call, quiet_worker(WORKER) as first:
        server.client.post("/send-email/", json=LETTER)
        wait_for_call()
        first.kill()
    with redis.Redis.from_url(broker.url) as client:
        queue = rq.Queue("stage8", connection=client)
        print("waiting:", queue.count)
        print("running, as RQ sees it:", queue.started_job_registry.count)
    with (
        mailbox() as box,
        quiet_worker(WORKER),
        quiet_worker(WORKER, "scheduler"),
    ):
        until_completed()
        print("arrived:", [mail.recipients for mail in box.wait_for(1)])
print("the row says:", last_row().status, "· attempts:", last_row().attempts)
print(worker_log("Publishing").splitlines()[0])

# %% [markdown] slideshow={"slide_type": "subslide"}
# Two mechanisms bring the job back.
#
# - RQ keeps a list of jobs that run. A running worker renews its entry; a dead
#   one does not, and another worker puts the job back after some 75 s. With
#   RQ's own settings an idle worker looks for such jobs only every seven
#   minutes. The stage sets `worker_ttl` and `maintenance_interval`, so that it
#   looks more often.
# - The row was not completed, and had not changed for `TASK_LOST_AFTER`: 8 s in
#   this notebook, two hours at work. So the outbox job published it again. You
#   see that in the log.
#
# If a job is delivered twice, the second run changes nothing: `run_task` finds
# "completed" in the row.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What is the same, and what is not
#
# The endpoints, the tasks, the rows, the answer while the broker is away, and
# the outbox job: all of that is stage 6, and [stage 7](07_celery.ipynb) shows
# it. Two things are different with RQ: it makes a fork for each job, and a
# worker does one job at a time. You start as many workers as you need.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - change the engine without changing endpoints and tasks;
# - say what can be sent to a worker, and look into a queue;
# - explain what RQ sees when a fork dies, and when a worker dies.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see | where |
# |---|---|---|
# | a session or a row in the arguments | an error, or a stale copy | [stage 5](05_task_tracker.ipynb) |
# | the queue is called `default` | another application's worker takes the job | `RQQueue`, above |
# | no `retry` | one short outage, and the job has failed | above |
# | no scheduler in the worker | a planned retry never runs | above |
# | the settings as installed | a killed worker's job is back after many minutes | `python3 start.py crash rq` |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 13](../exercises/ex13_task_queue.py), whose solution uses
# RQ, and [stage 9](09_taskiq.ipynb), with an engine that is `async`.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Questions that you can now answer
#
# These are real questions from GitHub issues and forums. Each one has an
# answer: a small application that you can run. In a terminal, type for example
# `python3 start.py ask 13`.

# %% slideshow={"slide_type": "fragment"}
from course.lesson import questions

questions("08")
