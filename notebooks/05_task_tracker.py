# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 5 · A task leaves a record
#
# *25 minutes · 10 more at the end, for whoever wants them ·
# builds on [stage 4](04_email_service.ipynb) ·
# the code is [stages/s05_task_tracker.py](../stages/s05_task_tracker.py)*
#
# The client had its "success" before anything was done. So there has to be a
# place where one can *ask*: was it done, did it fail, and why? That place is a
# table, and each task has a row in it.
#
# With the table comes the question that this stage is about. A request has a
# **database session**: a dependency opens it and closes it. The task runs when
# the response has gone. Whose session does the task use?

# %% slideshow={"slide_type": "skip"}
from course.lesson import (
    Versions,
    compare,
    new_in,
    pretty,
    running,
    send,
    source,
    table,
)
from stages import s05_task_tracker as stage

# %% slideshow={"slide_type": "skip"}
new_in("s05")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Three rules
#
# - The endpoint commits a row and hands over its **ID**: a number, which is
#   as good tomorrow as it is now.
# - The task opens a **session of its own**, from the session *factory*.
# - Whatever happens, the end is written in a **fresh** transaction.

# %% slideshow={"slide_type": "subslide"}
source(stage.schedule)

# %% slideshow={"slide_type": "fragment"}
source(stage.get_task_tracker)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Predict
#
# `get_db` opens the request's session and closes it behind its `yield`. One
# request to `POST /run-task/report`: when is it closed?

# %% slideshow={"slide_type": "fragment"}
moments = [
    "get_db entered",
    "get_db left",
    "run_task ended",
    "response sent",
    "track_task began",
    "track_task ended",
]
guess = [
    "get_db entered",
    "run_task ended",
    "get_db left",
    "response sent",
    "track_task began",
    "track_task ended",
]

# %% slideshow={"slide_type": "fragment"}
happened = send(stage.app, "POST", "/run-task/report")
compare(guess, happened, among=moments)

# %% slideshow={"slide_type": "subslide"}
happened

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** "Before the response" was correct for FastAPI 0.106 to 0.117.
# Today it stays open until the last task
# has ended. Keep that for the accident below. Point at the bar of `get_db`: it
# is held during the whole task, which does not need it.

# %% [markdown] slideshow={"slide_type": "subslide"}
# The request's session was left *last*, after the task. It only looks as if
# the task could have used it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Ask what became of it
#
# One more, which crashes; then the question that stage 4 had no answer to:

# %% slideshow={"slide_type": "fragment"}
import logging

logging.disable()  # the traceback is in the log: long, and not needed here
with running(stage.app) as server:
    crashed = server.send("POST", "/run-task/crash")
    logs = server.send("GET", "/task-logs/").json
logging.disable(logging.NOTSET)

print(crashed.status, crashed.json)
pretty([{k: log[k] for k in ("id", "status", "error")} for log in logs])

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** The client of the crashed task got a 200. That is right: it
# asked for the task to be scheduled. Ask the class which status says so more
# honestly (202), and why the error's text has no values in it
# (`hide_parameters=True`).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: borrow the request's session
#
# The task gets the session itself, as in the old form of this course. The very
# same request on three versions of FastAPI:

# %% slideshow={"slide_type": "skip"}
versions = Versions("borrowed")
versions

# %% slideshow={"slide_type": "fragment"}
table(
    ["FastAPI", "what happened, from the endpoint's end on"],
    [
        [version, " → ".join(order[order.index("run_task ended") :])]
        for version, order in versions.orders.items()
    ],
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Twice the rule has changed. A borrowed session is open on 0.105, closed on
# 0.106 to 0.117, and open again since 0.118. Whoever owns the session need not
# know the rule: a session that the task opened is right on each of them.
#
# (The recordings are kept with the course; `python3 start.py versions`
# makes them anew and needs the network.)
#
# "Closed" does not even mean that it fails. With `scope="function"` today's
# FastAPI leaves the dependency before the response, as the versions between
# did:

# %% slideshow={"slide_type": "fragment"}
from typing import Annotated

import sqlalchemy as sa
from fastapi import BackgroundTasks, Depends, FastAPI
from sqlalchemy.orm import Session

borrowing = FastAPI()
ClosedEarly = Annotated[Session, Depends(stage.get_db, scope="function")]


def count_rows(db: Session) -> None:
    print("rows:", db.scalar(sa.select(sa.func.count(stage.TaskLog.id))))


@borrowing.post("/")
def borrow(background_tasks: BackgroundTasks, db: ClosedEarly) -> None:
    background_tasks.add_task(count_rows, db)


happened = send(borrowing, "POST", "/")
pool = stage.get_session_factory().kw["bind"].pool
print("connections that nobody gave back:", pool.checkedout())
happened

# %% [markdown] slideshow={"slide_type": "subslide"}
# The closed session opened itself again, without a word, and took a connection
# from the pool. **No line of the program gives it back**: the dependency was
# left already. What is left is the garbage collector, whenever it comes:

# %% slideshow={"slide_type": "fragment"}
import gc

gc.collect()
print("connections that nobody gave back:", pool.checkedout())

# %% [markdown] slideshow={"slide_type": "fragment"}
# If requests come faster than the collector, the pool is empty and everybody
# waits. And `count_rows` returned the correct result each time, so the leak
# goes unnoticed for years.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: commit after the `yield`
#
# The trap to know by heart. Many applications let the dependency commit, in
# one place, when the endpoint is done:

# %% slideshow={"slide_type": "fragment"}
from collections.abc import Iterator


def get_committing_db(new_session: stage.SessionsDep) -> Iterator[Session]:
    with new_session() as db:
        yield db
        db.commit()


def find_row(log_id: int) -> None:
    with stage.get_session_factory()() as db:
        found = db.get(stage.TaskLog, log_id)
    print("the task finds", "its row" if found else "no row")


for scope in ("request", "function"):
    late = FastAPI()

    @late.post("/")
    def add_row(
        background_tasks: BackgroundTasks,
        db: Annotated[Session, Depends(get_committing_db, scope=scope)],
    ) -> None:
        log = stage.TaskLog(task_name="late")
        db.add(log)
        db.flush()
        background_tasks.add_task(find_row, log.id)

    happened = send(late, "POST", "/")
    print(scope, "→", ", ".join(happened.order[-4:]), "\n")

# %% [markdown] slideshow={"slide_type": "subslide"}
# With the scope that everybody has, the task runs **before the commit** and
# finds nothing. (Had it tried to write, SQLite would have said "database is
# locked": the request still held the lock.) With `scope="function"` the commit
# comes first.
#
# So: **commit in the endpoint**, then hand over the ID. The stage's
# `schedule` does.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Ask who has a `get_db` that commits: it is in many templates.
# Live: replace `flush()` by `commit()` in the cell, and the row is found with
# both scopes.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: record the failure on the session that failed
#
# The old form had one session for the task's work and for its record, and set
# the status in the `except`. Here is a task that breaks a flush:

# %% slideshow={"slide_type": "fragment"}
same = FastAPI()


def track_on_one_session(log_id: int, new_session: stage.SessionsDep) -> None:
    with new_session() as db:
        log = db.get_one(stage.TaskLog, log_id)
        log.status = "started"
        db.commit()
        try:
            stage.perform(db, "crash")
        except Exception:
            log.status = "failed"
            db.commit()


@same.post("/")
def run(
    background_tasks: BackgroundTasks,
    db: stage.SessionDep,
    new_session: stage.SessionsDep,
) -> int:
    log_id = stage.schedule("one-session", db)
    background_tasks.add_task(track_on_one_session, log_id, new_session)
    return log_id


happened = send(same, "POST", "/")
print(*happened.order[-3:], sep="\n")
with stage.get_session_factory()() as db:
    print("status:", db.get_one(stage.TaskLog, happened.json).status)

# %% [markdown] slideshow={"slide_type": "subslide"}
# After a flush that failed a session can do nothing but roll back. The commit
# in the `except` raised as well, and the row says "started" **for ever**.
#
# The rule: *roll back, write the end in a fresh transaction, then decide
# whether the exception goes on.* `with new_session.begin() as db:` commits at
# its end, rolls back when something raises, and closes in either case. Raising
# inside of it would undo the record too.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Exercise 5 is this. Two wrong answers to look out for: the
# session is opened in the provider (that is before the response), and
# `log.status = "failed"` with a `raise` inside one `begin()`, which undoes
# what it just wrote.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: blocking work in an `async def`
#
# Three tasks of one second. Right after each was scheduled, somebody else asks
# for a greeting, from an `async def` endpoint. Predict: who waits?

# %% slideshow={"slide_type": "fragment"}
import asyncio
import time

shop = FastAPI()


def in_a_thread() -> None:
    time.sleep(1)


async def that_awaits() -> None:
    await asyncio.sleep(1)


async def that_blocks() -> None:
    time.sleep(1)  # or a query, or smtplib


TASKS = {f.__name__: f for f in (in_a_thread, that_awaits, that_blocks)}


@shop.post("/{name}")
async def add(name: str, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(TASKS[name])


@shop.get("/")
async def greet() -> str:
    return "hello"


def waited(client: object, path: str) -> str:
    began = time.perf_counter()
    client.get(path)
    return f"{(time.perf_counter() - began) * 1000:5.0f} ms"


with running(shop) as server:
    for name in TASKS:
        server.client.post(f"/{name}")
        print(f"{name:12} the other one waits {waited(server.client, '/')}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# An `async def` promises never to block. Nobody checks. One that calls
# `time.sleep`, `smtplib` or a synchronous session stops the event loop, and
# with it **every** request of the process. A plain `def` blocks a thread of
# its own, and nobody else.
#
# The old form had `async def get_task_logs` with a synchronous query in it:
# the same mistake, in an endpoint.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Let them predict the three numbers first. Then live: start
# stage 5 with `python3 start.py stage 5`, put `time.sleep(20)` into an
# `async def` endpoint of it, call that, and try to open `/docs`. Nothing
# answers.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: forty threads
#
# Then `def`, always? There are forty worker threads, for *all* `def` tasks,
# `def` endpoints and `def` dependencies together. Sleeping tasks, and who
# waits:

# %% slideshow={"slide_type": "fragment"}
crowd = FastAPI()


def sleep() -> None:
    time.sleep(2)


@crowd.post("/")
async def add_sleep(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(sleep)


@crowd.get("/def")
def plain() -> None:
    pass


@crowd.get("/async")
async def on_the_loop() -> None:
    pass


for busy in (39, 40):
    with running(crowd) as server:
        for _ in range(busy):
            server.client.post("/")
        on_loop = waited(server.client, "/async")
        threaded = waited(server.client, "/def")
    print(f"{busy} tasks: `async def` {on_loop}, `def` {threaded}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Thirty-nine: nobody notices. One more, and each `def` endpoint of the whole
# application stands still until a task has ended.
#
# That is the limit of background tasks: they share the server with those who
# ask. Short work and little of it is fine here. For long work, or much, or
# work that must not get lost when the server is killed, there are **task
# queues** (Celery, RQ, Taskiq and others), with workers in processes of their
# own. What crosses over to them is a name and plain values: the ID of a row,
# and never a session, a row or a closure. A task that was written as this
# stage asks is ready for it.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Ask where the forty comes from: AnyIO's default limiter. It can
# be raised, and then the next one waits for something else: the database's
# pool, say. Ask for one task in their own work that belongs on a queue, and
# one that does not.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: `utcnow`
#
# The old form wrote `default=datetime.utcnow`. It returns UTC without a
# time zone, so Python treats it as local time. On a server in India:

# %% slideshow={"slide_type": "fragment"}
import os
import subprocess
import sys

code = """
import time
from datetime import UTC, datetime

def hours_off(moment):
    return f"{abs(moment.timestamp() - time.time()) / 3600:.1f} hours"

print("datetime.now(UTC) is off by", hours_off(datetime.now(UTC)))
print("datetime.utcnow() is off by", hours_off(datetime.utcnow()))
"""
for warnings in ("ignore", "error"):
    done = subprocess.run(
        [sys.executable, "-W", warnings, "-c", code],
        env=os.environ | {"TZ": "IST-05:30"},
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout)
    print(f"with warnings as {warnings}: exit code {done.returncode}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# From Python 3.12 on `utcnow` is deprecated, and where warnings are errors it
# ends the program: then the second exit code is 1. `datetime.now(UTC)` is
# right everywhere. And SQLite forgets the zone: what was stored as UTC comes
# back without it, which is why `TaskLogOut` says it again.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - let a task own its session, on every version of FastAPI;
# - record how a task ended, whatever broke;
# - say when a dependency is left, and what must be committed before;
# - choose `def` or `async def` for a task, and know what each costs.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see |
# |---|---|
# | the task borrows the request's session | open, closed, open: by version |
# | a closed session is used | it works, and a connection is gone |
# | the commit stands behind the `yield` | the task finds no row |
# | the failure is recorded on the broken session | "started" for ever |
# | blocking work in an `async def` | every request waits |
# | forty sleeping `def` tasks | every `def` endpoint waits |
# | `utcnow` | hours off; from Python 3.12 on a warning |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 5](../exercises/ex05_own_session.py), in which a task
# gets its own session. Then
# [exercise 6](../exercises/ex06_predict_the_order.py), in which you predict
# six orders; you have seen four of them so far, and the other two come below.
# After these, [how to test all this](testing.ipynb).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## More: two orders for exercise 6
#
# *10 minutes from here to the end.*
#
# When is a stream made? And what of a task that a *dependency* adds, before
# its `yield` and after it?

# %% slideshow={"slide_type": "fragment"}
from fastapi.responses import StreamingResponse

streaming = FastAPI()


def after_the_stream() -> None:
    print("the task begins")


def chunks() -> Iterator[str]:
    for number in ("first", "second"):
        print(number, "chunk is made")
        yield number


@streaming.get("/")
def stream(background_tasks: BackgroundTasks) -> StreamingResponse:
    background_tasks.add_task(after_the_stream)
    print("the endpoint returns")
    return StreamingResponse(chunks())


_ = send(streaming, "GET", "/")

# %% slideshow={"slide_type": "fragment"}
adding = FastAPI()


def early() -> None:
    print("the early task runs")


def too_late() -> None:
    print("the late task runs")


def get_adder(background_tasks: BackgroundTasks) -> Iterator[None]:
    background_tasks.add_task(early)
    yield
    background_tasks.add_task(too_late)


@adding.post("/", dependencies=[Depends(get_adder)])
def nothing() -> None:
    pass


happened = send(adding, "POST", "/")
happened

# %% [markdown] slideshow={"slide_type": "subslide"}
# A stream is made while it is sent, when the response has already started. All
# that it needs has to stay open until its end, and the tasks wait for that. A
# task that is added behind the `yield` comes too late, and is lost: the tasks
# are over by then.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## More: the row itself
#
# Why an ID, and not the row? A row belongs to its session:

# %% slideshow={"slide_type": "fragment"}
with stage.get_session_factory()() as db:
    row = stage.TaskLog(task_name="handed over")
    db.add(row)
    db.commit()
    db.refresh(row)
    db.expire(row)  # as every commit does, unless it is told not to

try:
    print(row.task_name)
except sa.orm.exc.DetachedInstanceError as error:
    print(type(error).__name__, str(error).partition(";")[0])

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## More: a pool of two
#
# A session that a task holds is a connection that nobody else has. Two tasks
# that borrow the request's session and take a second, a pool of two, and a
# third request that only wants to read:

# %% slideshow={"slide_type": "fragment"}
narrow = FastAPI()
engine = sa.create_engine(
    stage.get_session_factory().kw["bind"].url, pool_size=2, max_overflow=0
)


def get_narrow_db() -> Iterator[Session]:
    with Session(engine) as db:
        yield db


NarrowDep = Annotated[Session, Depends(get_narrow_db)]


def long_work(db: Session) -> None:
    db.execute(sa.text("select 1"))
    time.sleep(1)


@narrow.post("/")
def start(background_tasks: BackgroundTasks, db: NarrowDep) -> None:
    background_tasks.add_task(long_work, db)


@narrow.get("/")
def read(db: NarrowDep) -> int:
    return db.scalar(sa.text("select 1"))


with running(narrow) as server:
    server.client.get("/")
    print("no task:  the reader waits", waited(server.client, "/"))
    for _ in range(2):
        server.client.post("/")
    print("two tasks: the reader waits", waited(server.client, "/"))
engine.dispose()

# %% [markdown] slideshow={"slide_type": "subslide"}
# So a long task opens its session late, closes it early, and holds none while
# it waits for somebody else. `expire_on_commit=False` in the stage has the
# same reason: without it, `return log.id` after the commit opens a new
# transaction, and holds its connection until the task has ended.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## More: what else was in the old form
#
# `declarative_base` has moved, and says so; the tables were made at import,
# so that a test that imports the file finds a database beside it. In the
# stage, they are made in the lifespan, and importing it does nothing:

# %% slideshow={"slide_type": "fragment"}
code = """
from sqlalchemy.ext.declarative import declarative_base
Base = declarative_base()
"""
done = subprocess.run(
    [sys.executable, "-W", "error", "-c", code],
    capture_output=True,
    text=True,
    check=False,
)
kind, _, told = done.stderr.strip().splitlines()[-1].partition(": ")
print(kind.rpartition(".")[2], "·", told.partition(" (deprecated")[0])

# %% [markdown] slideshow={"slide_type": "fragment"}
# And now [exercise 5](../exercises/ex05_own_session.py) and
# [exercise 6](../exercises/ex06_predict_the_order.py).
