# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 7 · Workers of their own, with Celery
#
# *20 minutes · builds on [stage 6](06_at_work.ipynb) ·
# the code is [stages/s07_celery](../stages/s07_celery/worker.py)*
#
# Until now the web server did the work too, and a killed server took its
# tasks along. Here a **broker** stands between. The application gives it a
# message, the ID of a row. A **worker** is a process of its own: it takes the
# message, runs the task and **acknowledges** the message. What was not
# acknowledged is **redelivered** to another worker.
#
# The endpoints, the tasks and the rows are those of stage 6. Not a line of
# them is copied, and not a line is changed.
#
# *On Windows:* the course brings a broker, Valkey, for Linux and macOS. Read
# along there, or run the course in WSL. To run only the stage, start Redis in
# WSL or Docker (`docker run -p 6379:6379 redis`) and set `REDIS_URL` to
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
# ## Hand it over
#
# A broker runs, and no worker yet. Predict: what does the client get, and
# what does the row say?

# %% slideshow={"slide_type": "fragment"}
with broker:
    happened = send(app, "POST", "/send-notification/ada@example.com")
happened

# %% slideshow={"slide_type": "fragment"}
print(happened.status, happened.json)
print("the row says:", last_row().status)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Nothing runs after the response: this process has nothing left to do. (Most
# of the client's time here is the first request's: it imports and connects.)
# The message waits in the broker, in a file: it has stopped meanwhile, and
# has started again for the next cell. Look into it:

# %% slideshow={"slide_type": "fragment"}
with broker, redis.Redis.from_url(broker.url) as client:
    for key in client.scan_iter("stage7:stage7"):
        message = json.loads(client.lrange(key, 0, 0)[0])
        print("queue:", key.decode(), "· messages:", client.llen(key))
        print("task:", message["headers"]["task"])
        print("arguments:", message["headers"]["argsrepr"])

# %% [markdown] slideshow={"slide_type": "fragment"}
# A number: no address, no text, no Python object. Whoever can read the broker
# learns nothing, and a worker reads the row as it is *now*.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A worker
#
# `python -m stages.s07_celery.worker` is all. This cell starts one, waits for
# the row, and stops it. Then we read its log:

# %% slideshow={"slide_type": "fragment"}
with broker, quiet_worker(WORKER):
    until_completed()
print(worker_log("received|succeeded|background_tasks"))
print("the row says:", last_row().status)

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Live, in four terminals: `python3 start.py broker`, the worker,
# the scheduler, the application, each with that REDIS_URL. Stop the worker,
# post, look at `/task-logs/`, start it again. `python3 start.py stage 7` does
# all of it in one terminal.

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
# ## The settings, and the reason for each
#
# Celery's own values are made for a first try. Each line below says what
# happens **without** it:

# %% slideshow={"slide_type": "subslide"}
source(worker)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: kill the worker
#
# The mail server takes the call and says nothing, so the worker is in the
# midst of a task. Then it is killed with all its processes. A second worker
# is started. Predict: does the mail arrive, and what does `attempts` say?

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
# The log is that of the second worker. The first worker had not acknowledged the message (`task_acks_late`). The
# broker cannot tell whether a silent worker died or is still working. It
# waits for the **visibility timeout** and then redelivers the message. Here
# that is

# %% slideshow={"slide_type": "fragment"}
options = worker.celery.conf.broker_transport_options
print(options["visibility_timeout"], "s")

# %% [markdown] slideshow={"slide_type": "fragment"}
# because the time limit of a task is 5 s in this notebook and 300 s at work.
# The timeout must be longer than the longest task with its longest pause: a
# shorter one gives a task to a second worker while the first still works.
#
# So a task may run **twice**: a worker that dies between the mail and the
# record leaves a mail that was sent and a row that does not say so. This is
# "at least once". The second mail has the same `Message-ID`, and an effect in
# the database is recorded in the same transaction as "completed".

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: the mail server is away
#
# Nobody listens on the mail server's port when the worker begins. After two
# attempts the server comes back:

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
# `run_task` records the failure and raises it, and Celery tries again. The
# pause doubles up to `TASK_LONGEST_PAUSE`, and is shortened at random, so
# that a thousand tasks that failed together do not come back together. After
# `TASK_MAX_ATTEMPTS` (30: several hours) the row is **dead**, and
# `python -m stages.s06_at_work.manage revive` schedules it again.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: the broker is away
#
# Predict: what does the client get now?

# %% slideshow={"slide_type": "fragment"}
logging.disable()  # one line: "The broker takes no task now"
answer = send(app, "POST", "/run-task/report")
logging.disable(logging.NOTSET)
print(answer.status, answer.json)
row = last_row()
print(row.task_name, row.status, "· published at:", row.published_at)

# %% [markdown] slideshow={"slide_type": "subslide"}
# A success: the row is committed, and the row is the promise. Nobody has
# published it yet. That is the work of the **scheduler**, a third process: it
# starts the daily report, and it starts the outbox job, which publishes what
# the broker never got.

# %% slideshow={"slide_type": "fragment"}
with broker, quiet_worker(WORKER), quiet_worker(WORKER, "scheduler"):
    until_completed()
row = last_row()
print(row.task_name, row.status, "· published:", row.published_at is not None)
print(worker_log("Publishing").splitlines()[0])

# %% [markdown] slideshow={"slide_type": "fragment"}
# The same job publishes again what a broker has lost: a row that is not at
# its end and that nobody has touched for two hours (`TASK_LOST_AFTER`).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Look at it
#
# The engine knows what its workers do now. When the first worker was in the
# midst of its task, it said this. In a terminal it is
# `python -m stages.s07_celery.worker monitor`:

# %% slideshow={"slide_type": "fragment"}
for tasks in active.values():
    for task in tasks:
        names = ["name", "args", "acknowledged"]
        print({name: task[name] for name in names})

# %% [markdown] slideshow={"slide_type": "fragment"}
# And the rows know what became of each task:

# %% slideshow={"slide_type": "fragment"}
assert manage.main(["list"]) == 0

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - put a broker and workers behind endpoints that do not change;
# - say for each setting of Celery what happens without it;
# - explain why a killed worker's task comes back, and why it may run twice;
# - answer with success while the broker is away, and keep that promise.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see | where |
# |---|---|---|
# | a message is acknowledged on arrival | a killed worker takes its tasks along | `python3 start.py crash celery` |
# | the visibility timeout is shorter than the task | it runs twice | [the anatomy of a queue](10_procrastinate.ipynb) |
# | a message is published before the commit | a worker that finds no row | [stage 5](05_task_tracker.ipynb) |
# | the answer depends on the broker | an error for a task that is accepted | above |
# | no scheduler runs | rows without `published_at` stay | above |
# | the first error is the last | a short pause of the mail server costs the mail | above |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 13](../exercises/ex13_task_queue.py), if you have not
# done it. Then [stage 8](08_rq.ipynb): the same with RQ, which forks.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Questions that you can now answer
#
# People ask these in public trackers. Each is a small application with its
# answer: `python3 start.py ask` and the number runs it.

# %% slideshow={"slide_type": "fragment"}
from course.lesson import questions

questions("07")
