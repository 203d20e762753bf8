# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 10 · The database is the queue, with Procrastinate
#
# *20 minutes · builds on [stage 9](09_taskiq.ipynb) ·
# the code is [stages/s10_procrastinate](../stages/s10_procrastinate/worker.py)*
#
# With a broker there are two places: the row is in the database, and the message
# is in Redis. If a process dies after the commit and before it sends the
# message, no worker runs the row until the outbox job finds it.
#
# Here there is one place. The job is a row in the **same** PostgreSQL database,
# and it is inserted in the **same transaction** as the data. Either both are
# there, or none of them. There is no broker to operate, and no gap.
#
# *On Windows:* the course brings PostgreSQL for Linux and macOS only. Read this
# notebook without running it, or run the course in WSL. To run only the stage,
# install PostgreSQL (also in WSL or Docker) and set `DATABASE_URL`, for example
# to `postgresql://user:password@localhost:5432/database`.

# %% slideshow={"slide_type": "skip"}
import inspect
import os
import threading
import time

import psycopg
import sqlalchemy as sa

from course.database import PostgreSQL
from course.lesson import (
    LETTER,
    last_row,
    mailbox,
    new_in,
    running,
    silent_mail_server,
    source,
    start_afresh,
    until_completed,
)
from course.workers import quiet_worker, until, worker_log

server = PostgreSQL(start_afresh("lesson10") / "postgresql")
os.environ["DATABASE_URL"] = server.url
os.environ["TASK_LONGEST_PAUSE"] = "2"  # seconds; ten minutes at work

from stages.s06_at_work.database import TaskLog, get_session_factory
from stages.s10_procrastinate.app import app
from stages.s10_procrastinate.worker import ProcrastinateQueue

WORKER = "stages.s10_procrastinate.worker"


def count(name: str) -> int:
    with psycopg.connect(server.url) as connection:
        query = f"SELECT count(*) FROM {name}"
        return connection.execute(query).fetchone()[0]


# %% slideshow={"slide_type": "skip"}
new_in("s10")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## See it: one commit
#
# The endpoint is that of stage 6. It adds a row, and the queue's hook
# `publish_in` runs **before** the commit, with the same session:

# %% slideshow={"slide_type": "fragment"}
source(ProcrastinateQueue.publish_in)

# %% slideshow={"slide_type": "fragment"}
with server, running(app) as client:
    happened = client.send("POST", "/run-task/report")
    print("rows:", count("task_logs"))
    print("jobs:", count("procrastinate_jobs"))
happened

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: roll back
#
# An order and its e-mail belong together. Here the order fails in its last line.
# How many new rows are there afterwards, and how many new jobs?

# %% slideshow={"slide_type": "skip"}
# Write your guess here:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 4 minutes.** Ask: "How many new rows and new jobs?" Expect three
# wrong answers: one row and one job; no row and one job, as with a broker; one
# row and no job. Let the class draw the two orders with a broker on the board,
# and mark where a crash does harm. Ask what a queue in the database costs: its
# load, its backups, and no queue across two databases.

# %% slideshow={"slide_type": "fragment"}
def order(session: sa.orm.Session, *, fails: bool) -> None:
    log = TaskLog(
        kind="run-task", task_name="order", payload={"task_name": "order"}
    )
    session.add(log)
    session.flush()  # gives it its ID
    ProcrastinateQueue().publish_in(session, log.id)
    if fails:
        raise RuntimeError("the customer has no address")


with server:
    for fails in (True, False):
        before = count("task_logs"), count("procrastinate_jobs")
        try:
            with get_session_factory().begin() as session:
                order(session, fails=fails)
        except RuntimeError as error:
            print(error)
        print("new rows:", count("task_logs") - before[0], end=" · ")
        print("new jobs:", count("procrastinate_jobs") - before[1])

# %% [markdown] slideshow={"slide_type": "fragment"}
# Both or none. With a broker, you publish the message before the commit (then a
# worker may find no row) or after it (then a crash leaves a row without a
# message). Here you do not have to choose.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A worker
#
# The jobs of both cells wait. PostgreSQL wakes a worker with `NOTIFY`, so the
# worker does not have to ask again and again:

# %% slideshow={"slide_type": "fragment"}
with server, quiet_worker(WORKER):
    until_completed()
    until(lambda: count("procrastinate_jobs WHERE task_name = 'run'") == 0)
    with get_session_factory()() as session:
        rows = session.execute(sa.select(TaskLog.task_name, TaskLog.status))
        print(*rows.all())

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One picture of both processes
#
# `followed` tells each process that starts in this block to write down when
# it publishes, begins and ends a task. The stage has no line for it. The job is
# inserted before the row's commit:

# %% slideshow={"slide_type": "fragment"}
from course.lesson import followed

with (
    server,
    followed() as across,
    quiet_worker(WORKER),
    running(app) as client,
):
    happened = client.send("POST", "/send-notification/ada@example.com")
    happened = across(happened)  # waits for the task
happened

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The anatomy of any queue
#
# An engine does three steps: it **claims** a job, does the **work**, and
# **acknowledges** the job. The next cell shows why each step is necessary. The
# code runs, but is **not for copying**: it has no time limit, no retry and no
# schedule, nothing wakes a worker, and nothing renews a lease. That is why we
# use an engine.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "How can two workers get the same job?" Expect
# three wrong answers: they cannot, the database prevents it; only when they
# ask at the same moment; only when the job is in the table twice.

# %% slideshow={"slide_type": "fragment"}
# Not for copying: what every queue does inside.
CREATE = """
CREATE TABLE jobs (id int PRIMARY KEY, done bool DEFAULT false,
                   leased_until timestamptz, tries int DEFAULT 0);
INSERT INTO jobs SELECT generate_series(1, 9)
"""
CLAIM = """
UPDATE jobs SET leased_until = now() + interval '1 second', tries = tries + 1
WHERE id = (SELECT id FROM jobs
            WHERE NOT done AND (leased_until IS NULL OR leased_until < now())
            ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1)
RETURNING id
"""
effects: list[tuple[int, str]] = []  # what the tasks did in the outside world
death = threading.Lock()  # for one worker only


def worker(name: str) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        while connection.execute(
            "SELECT 1 FROM jobs WHERE NOT done LIMIT 1"
        ).fetchone():
            job = connection.execute(CLAIM).fetchone()  # 1. claim
            if job is None:
                time.sleep(0.05)  # all that is left is leased
                continue
            effects.append((job[0], name))  # 2. work
            if job[0] == 5 and death.acquire(blocking=False):
                print(f"{name} dies after the work of job 5")
                return
            connection.execute(  # 3. acknowledge
                "UPDATE jobs SET done = true WHERE id = %s", job
            )


with server:
    with psycopg.connect(server.url) as connection:
        connection.execute(CREATE)
    workers = [threading.Thread(target=worker, args=(name,)) for name in "abc"]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    print(sorted(effects))

# %% [markdown] slideshow={"slide_type": "subslide"}
# - Three workers ask at the same moment, and each job is claimed by one.
#   `FOR UPDATE` locks the row; `SKIP LOCKED` takes the next free one instead
#   of waiting.
# - The claim is a **lease**, which ends by itself. Without an end, a dead worker
#   would keep its jobs for ever.
# - Job 5 was done **twice**: its worker died after the work and before the
#   acknowledgement. No other worker can tell that from a worker that died
#   before the work. So every queue either does it again (*at least once*) or
#   loses it (*at most once*).
#
# Now the lease is 0.1 s, the task takes longer, and no worker dies:

# %% slideshow={"slide_type": "fragment"}
SHORT = CLAIM.replace("1 second", "0.1 seconds")


def slow_worker(name: str) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        job = until(lambda: connection.execute(SHORT).fetchone())
        effects.append((job[0], name))
        until(lambda: len(effects) == 2)  # work that takes longer than 0.1 s
        connection.execute("UPDATE jobs SET done = true")


effects.clear()
with server:
    with psycopg.connect(server.url) as connection:
        connection.execute("DELETE FROM jobs; INSERT INTO jobs VALUES (1)")
    workers = [
        threading.Thread(target=slow_worker, args=(name,)) for name in "ab"
    ]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
print(sorted(effects))

# %% [markdown] slideshow={"slide_type": "fragment"}
# Both workers did the job. A visibility timeout that is too short has the same
# effect, so it has to be longer than the time limit of a task.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: kill the worker
#
# Procrastinate has no lease. A worker writes a **heartbeat**. Every ten seconds
# the stage's job `recover` looks for jobs whose worker has stopped writing it.
# This cell takes about a minute:

# %% slideshow={"slide_type": "fragment"}
with server, running(app) as client:
    with silent_mail_server() as wait_for_call, quiet_worker(WORKER) as first:
        client.client.post("/send-email/", json=LETTER)
        wait_for_call()
        first.kill()
        print("killed; the row says:", last_row().status)
        with psycopg.connect(server.url) as connection:
            query = "SELECT status FROM procrastinate_jobs WHERE args = %s"
            args = psycopg.types.json.Jsonb({"log_id": last_row().id})
            print("the job says:", *connection.execute(query, [args]))
    with mailbox() as box, quiet_worker(WORKER):
        until_completed()
        print("arrived:", [mail.recipients for mail in box.wait_for(1)])
    print("the row says:", last_row().status, "· attempts:", last_row().attempts)
print(worker_log("background_tasks INFO"))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Settings, priorities, schedule
#
# This is the whole stage. Tasks that a person waits for have a higher `priority`.
# A decorator makes a periodic job. Each worker tries to insert it, and a unique
# index lets only one of them do it:

# %% slideshow={"slide_type": "fragment"}
source(inspect.getmodule(ProcrastinateQueue))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - commit data and job together, and say which problem that solves;
# - explain claim, lease, acknowledgement, and "at least once";
# - say what it costs to use the database as a queue: more load on it, and
#   larger backups.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see | where |
# |---|---|---|
# | publish before the commit, and roll back | a message without a row | above: here it cannot happen |
# | claim without `SKIP LOCKED` | workers wait for each other | `CLAIM`, above |
# | a lease without an end | a dead worker keeps its jobs | `CLAIM`, above |
# | a lease shorter than the task | it is done twice | above |
# | a worker dies before it acknowledges | it is done twice | above |
#
# Which engine for which case is in [which engine](which_engine.ipynb).

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 13](../exercises/ex13_task_queue.py), if you have not
# done it. Then [stage 11](11_dbos.ipynb), in which a killed task continues and
# does not begin again.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Questions that you can now answer
#
# These are real questions from GitHub issues and forums. Each one has an
# answer: a small application that you can run. In a terminal, type for example
# `python3 start.py ask 18`.

# %% slideshow={"slide_type": "fragment"}
from course.lesson import questions

questions("10")
