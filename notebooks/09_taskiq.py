# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 9 · Workers of their own, with Taskiq
#
# *15 minutes · builds on [stage 8](08_rq.ipynb) ·
# the code is [stages/s09_taskiq](../stages/s09_taskiq/worker.py)*
#
# Taskiq was made with FastAPI in mind: it is `async`. Its queue here is a
# **stream** of Redis, a list that remembers for each message who has taken it
# and whether it was acknowledged.
#
# *On Windows:* the course brings a broker, Valkey, for Linux and macOS. Read
# along there, or run the course in WSL. To run only the stage, start Redis in
# WSL or Docker (`docker run -p 6379:6379 redis`) and set `REDIS_URL` to
# `redis://localhost:6379`.

# %% slideshow={"slide_type": "skip"}
import os

import redis
import sqlalchemy as sa

from course import ports
from course.broker import Broker
from course.lesson import (
    mailbox,
    new_in,
    running,
    silent_mail_server,
    source,
    start_afresh,
)
from course.workers import quiet_worker, until, worker_log

folder = start_afresh("lesson09")
broker = Broker(folder / "broker", port=ports.free_port())
os.environ |= {
    "REDIS_URL": broker.url,
    # Shorter than at work, so that no cell waits for long.
    "TASK_TIME_LIMIT": "5",
    "TASK_LONGEST_PAUSE": "2",
    "TASK_PUBLISH_AFTER": "1",
    "TASK_LOST_AFTER": "8",  # two hours at work
}

from stages.s06_at_work.database import TaskLog, get_session_factory
from stages.s06_at_work.tasks import call, get_tasks, overrides, run_task
from stages.s09_taskiq import worker
from stages.s09_taskiq.app import app

WORKER = "stages.s09_taskiq.worker"
LETTER = {
    "subject": "Hello",
    "body": "Your parcel is here.",
    "recipients": ["ada@example.com"],
}


def last() -> TaskLog:
    query = sa.select(TaskLog).order_by(TaskLog.id.desc()).limit(1)
    with get_session_factory()() as session:
        return session.scalars(query).one()


def until_completed() -> None:
    until(lambda: last().status == "completed")


# %% slideshow={"slide_type": "skip"}
new_in("s09")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A task with dependencies, and no request
#
# A worker has no request. Where does a task get its logger, its settings and
# its session from? One small function resolves the same `Depends` by the
# library `taskiq-dependencies`, which Taskiq uses itself. It serves Celery
# and RQ as well:

# %% slideshow={"slide_type": "fragment"}
source(call)

# %% slideshow={"slide_type": "fragment"}
source(run_task)

# %% [markdown] slideshow={"slide_type": "subslide"}
# A test replaces what a worker uses in `overrides`, as it does in
# `app.dependency_overrides`. It is the same dictionary:

# %% slideshow={"slide_type": "fragment"}
print(app.dependency_overrides is overrides)

with broker, running(app) as server:
    server.client.post("/run-task/report")

done = []
overrides[get_tasks] = lambda: {
    "run-task": lambda session, payload: done.append(payload.task_name)
}
call(run_task, last().id)
overrides.clear()
print(done, last().status)

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** The message of this task is still in the stream. Ask what
# happens when a worker gets it: the row is completed, so `run_task` does
# nothing. This is why a late duplicate does no harm.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## See it: the stream
#
# The mail server takes the call and says nothing. Who has the message now?

# %% slideshow={"slide_type": "fragment"}
def taken() -> list[int]:
    """Return how often each message that is not acknowledged was given."""
    with redis.Redis.from_url(broker.url) as client:
        entries = client.xpending_range("stage9", "stage9", "-", "+", 10)
    return [entry["times_delivered"] for entry in entries]


with broker, running(app) as server, quiet_worker(WORKER):
    with silent_mail_server() as wait_for_call:
        server.client.post("/send-email/", json=LETTER)
        wait_for_call()
        print("in the midst of the task:", taken())
    until(lambda: last().status == "failed" and not taken())
    print("the attempt has ended:   ", taken(), last().status)

# %% [markdown] slideshow={"slide_type": "fragment"}
# A message is acknowledged when its task has ended, well or not
# (`AcknowledgeType.WHEN_EXECUTED`). This attempt has failed, so there must be
# another one. Where is it?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: no scheduler
#
# Taskiq plans a retry as a scheduled task, in a list of its own. A *worker*
# never looks there. Predict: the mail server is back, a worker runs. Does the
# mail arrive?

# %% slideshow={"slide_type": "fragment"}
import time

with broker, mailbox() as box, quiet_worker(WORKER):
    time.sleep(5)
    print("without a scheduler:", last().status, len(box.mails), "mails")
    with quiet_worker(WORKER, "scheduler"):
        until_completed()
        print("with a scheduler:   ", last().status, end=" ")
        print(len(box.wait_for(1)), "mail · attempts:", last().attempts)
print(worker_log("background_tasks INFO"))

# %% [markdown] slideshow={"slide_type": "fragment"}
# The **scheduler** sends the retries, the daily report and the outbox job. One
# scheduler is enough. It must run, or no failed task is ever tried again.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: kill the worker
#
# The worker is killed in the midst of a task. Predict: is the message lost?

# %% slideshow={"slide_type": "fragment"}
with broker, running(app) as server:
    with silent_mail_server() as wait_for_call, quiet_worker(WORKER) as first:
        server.client.post("/send-email/", json=LETTER)
        wait_for_call()
        first.kill()
        print("killed:", last().status, "· not acknowledged:", taken())
    with (
        mailbox() as box,
        quiet_worker(WORKER),
        quiet_worker(WORKER, "scheduler"),
    ):
        until_completed()
        print("arrived:", [mail.recipients for mail in box.wait_for(1)])
print("the row says:", last().status, "· attempts:", last().attempts)
print(worker_log("Publishing").splitlines()[0])

# %% [markdown] slideshow={"slide_type": "subslide"}
# It is not lost. Two watch over it.
#
# - The stream knows that the message was taken and not acknowledged. Another
#   worker takes it over when it has been quiet for longer than any task may
#   run: the time limit and a minute (`idle_timeout`).
# - The row was not at its end, and nobody touched it for `TASK_LOST_AFTER`:
#   8 s in this notebook, two hours at work. The outbox job was faster here,
#   and published it again. What comes second does nothing.
#
# Each of the settings says what happens without it:

# %% slideshow={"slide_type": "fragment"}
source(worker.make_broker)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Publish from anywhere
#
# Taskiq's own `kiq` is a coroutine. An endpoint may be `def` or `async def`,
# a script has no event loop, and each connection belongs to the loop that
# made it. The stage publishes in one thread with one loop, so that
# `queue.publish` is an ordinary function everywhere:

# %% slideshow={"slide_type": "fragment"}
import asyncio


async def in_a_coroutine(log_id: int) -> None:
    await asyncio.to_thread(worker.TaskiqQueue().publish, log_id)


with broker, redis.Redis.from_url(broker.url) as client:
    before = client.xlen("stage9")
    worker.TaskiqQueue().publish(1)
    await in_a_coroutine(1)
    print("published:", client.xlen("stage9") - before)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Row 1 was completed long ago. Its two messages change nothing.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - let a task ask for what it needs where there is no request;
# - replace that in a test of a worker;
# - say what a stream remembers, and who takes over from a dead worker;
# - name the process that makes the next attempt.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see | where |
# |---|---|---|
# | no scheduler runs | a failed task is never tried again | above |
# | the stream is read from its end | what came before the first worker is skipped | `consumer_id`, above |
# | a worker takes a hundred messages at a time | a killed one keeps them from the others | `xread_count`, above |
# | a message is acknowledged on arrival | a killed worker takes its tasks along | `python3 start.py crash taskiq` |
# | one loop's connection is used in another loop | "attached to a different loop" | "Publish from anywhere", above |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 13](../exercises/ex13_task_queue.py), if you have not
# done it. Then [stage 10](10_procrastinate.ipynb), in which there is no
# broker: the database is the queue.
