# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 5 · A task leaves a record
#
# *25 minutes · 15 more at the end ·
# builds on [stage 4](04_email_service.ipynb) ·
# the code is [stages/s05_task_tracker.py](../stages/s05_task_tracker.py)*
#
# The client had its "success" before anything was done. So there has to be a
# place to *ask*: was it done, did it fail, and why? That place is a table, and
# each task has a row in it.
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
#   still valid when the request's session is closed.
# - The task opens a **session of its own**, from the session *factory*.
# - However the task ends, its status is written in a **fresh** transaction.

# %% slideshow={"slide_type": "subslide"}
source(stage.run_task)

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
with running(stage.app) as server:
    crashed = server.send("POST", "/run-task/crash")
    logs = server.send("GET", "/task-logs/").json

print(crashed.status, crashed.json)
pretty([{k: log[k] for k in ("id", "status", "error")} for log in logs])

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** The client of the crashed task got a 200. That is right: it
# asked for the task to be scheduled. Ask the class which status says so more
# honestly (202). The traceback is in `data/background_tasks.log`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A task that writes
#
# The stage's own tasks ignore the session that the tracker gives them. Here is
# an application whose tasks write in it, into a table of parcels. The second
# one writes, and then it fails:

# %% slideshow={"slide_type": "fragment"}
import sqlalchemy as sa
from fastapi import BackgroundTasks, Depends, FastAPI
from sqlalchemy.orm import Session

engine = stage.get_session_factory().kw["bind"]
parcels = sa.Table(
    "parcels",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("address", sa.String),
)
parcels.drop(engine, checkfirst=True)
parcels.create(engine)


def pack(session: Session) -> None:
    session.execute(parcels.insert().values(address="Ada, 12 Hill Lane"))


def pack_and_fail(session: Session) -> None:
    pack(session)
    raise RuntimeError("no label left")


depot = FastAPI()
WORKS = {"pack": pack, "pack_and_fail": pack_and_fail}


@depot.post("/{name}")
def start_work(
    name: str,
    background_tasks: BackgroundTasks,
    session: stage.SessionDep,
    track_task: stage.TrackerDep,
) -> int:
    log = stage.TaskLog(task_name=name)
    session.add(log)
    session.commit()
    background_tasks.add_task(track_task, log.id, WORKS[name])
    return log.id


def show(log_id: int) -> None:
    with stage.get_session_factory()() as session:
        log = session.get_one(stage.TaskLog, log_id)
        count = session.scalar(sa.select(sa.func.count(parcels.c.id)))
    print(f"{log.task_name}: {log.status}, parcels: {count}")


with running(depot) as server:
    for name in WORKS:
        show(server.send("POST", f"/{name}").json)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The first task's parcel was committed. The second task's was **rolled back**
# with its transaction, and its failure is recorded all the same, since that is
# a transaction of its own.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: borrow the request's session
#
# Here the task gets the request's session itself. The same request on three
# versions of FastAPI:

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
# The rule has changed twice. A borrowed session is open on 0.105, closed on
# 0.106 to 0.117, and open again since 0.118. A session that the task itself
# opened is right on each of them.
#
# (The recordings are kept with the course; `python3 start.py versions`
# makes them anew and needs the network.)
#
# "Closed" does not even mean that it fails. With `scope="function"` today's
# FastAPI leaves the dependency before the response, as the versions between
# did:

# %% slideshow={"slide_type": "fragment"}
from typing import Annotated

borrowing = FastAPI()
ClosedEarly = Annotated[Session, Depends(stage.get_db, scope="function")]


def count_rows(db: Session) -> None:
    print("rows:", db.scalar(sa.select(sa.func.count(stage.TaskLog.id))))


@borrowing.post("/")
def borrow(background_tasks: BackgroundTasks, db: ClosedEarly) -> None:
    background_tasks.add_task(count_rows, db)


happened = send(borrowing, "POST", "/")
pool = engine.pool
print("connections that nobody gave back:", pool.checkedout())
happened

# %% [markdown] slideshow={"slide_type": "subslide"}
# The closed session opened itself again, without an error, and took a
# connection from the pool. **No line of the program gives it back**: the
# dependency was left already. Only the garbage collector does, at some time:

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


def get_committing_db(factory: stage.FactoryDep) -> Iterator[Session]:
    with factory() as session:
        yield session
        session.commit()


def find_row(log_id: int) -> None:
    with stage.get_session_factory()() as session:
        row = session.get(stage.TaskLog, log_id)
    print("the task finds", "its row" if row else "no row")


for scope in ("request", "function"):
    late = FastAPI()

    @late.post("/")
    def add_row(
        background_tasks: BackgroundTasks,
        session: Annotated[Session, Depends(get_committing_db, scope=scope)],
    ) -> None:
        log = stage.TaskLog(task_name="late")
        session.add(log)
        session.flush()
        background_tasks.add_task(find_row, log.id)

    happened = send(late, "POST", "/")
    print(scope, "→", ", ".join(happened.order[-4:]), "\n")

# %% [markdown] slideshow={"slide_type": "subslide"}
# With the usual scope, "request", the task runs **before the commit** and finds
# nothing. (If it tried to write, it would wait for the request's lock, and the
# request for the task: after the 30 seconds of its time-out SQLite says
# "database is locked".) With `scope="function"` the commit comes first.
#
# So: **commit in the endpoint**, then hand over the ID, as the stage's
# endpoints do.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Ask who has a `get_db` that commits: it is in many templates.
# Live: replace `flush()` by `commit()` in the cell, and the row is found with
# both scopes.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: record the failure on the session that failed
#
# Here one session serves the task's work and its record, and the status is set
# in the `except`. The work breaks a flush: a row without a name.

# %% slideshow={"slide_type": "fragment"}
same = FastAPI()


def add_nameless_row(session: Session) -> None:
    session.add(stage.TaskLog())
    session.flush()


def track_on_one_session(log_id: int, factory: stage.FactoryDep) -> None:
    with factory() as session:
        log = session.get_one(stage.TaskLog, log_id)
        log.status = "started"
        session.commit()
        try:
            add_nameless_row(session)
        except Exception:
            log.status = "failed"
            session.commit()


@same.post("/")
def run(
    background_tasks: BackgroundTasks,
    session: stage.SessionDep,
    factory: stage.FactoryDep,
) -> int:
    log = stage.TaskLog(task_name="one-session")
    session.add(log)
    session.commit()
    background_tasks.add_task(track_on_one_session, log.id, factory)
    return log.id


happened = send(same, "POST", "/")
print(*happened.order[-3:], sep="\n")
with stage.get_session_factory()() as session:
    print("status:", session.get_one(stage.TaskLog, happened.json).status)

# %% [markdown] slideshow={"slide_type": "subslide"}
# After a flush that failed a session can do nothing but roll back. The commit
# in the `except` raised as well, and the row says "started" **for ever**.
#
# The rule: *roll back, write the status in a fresh transaction, then decide
# whether the exception goes on.* `with factory.begin() as session:` commits at
# its end, rolls back when something raises, and closes in either case. Raising
# inside of it would undo the record too.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Exercise 5 is this. Two wrong answers to look out for: the
# session is opened in the provider (that is before the response), and
# `log.status = "failed"` with a `raise` inside one `begin()`, which undoes
# what it just wrote.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: write first, then wait
#
# A transaction that has written holds a lock until it ends. On SQLite there is
# one for the whole database. Two tasks that write one parcel and work for a
# second; meanwhile another request wants to commit a row:

# %% slideshow={"slide_type": "fragment"}
import time


def write_then_wait(session: Session) -> None:
    pack(session)
    time.sleep(1)  # a mail server, say


def wait_then_write(session: Session) -> None:
    time.sleep(1)
    pack(session)


def waited(client: object, method: str, path: str) -> str:
    began = time.perf_counter()
    client.request(method, path)
    return f"{(time.perf_counter() - began) * 1000:5.0f} ms"


WORKS |= {f.__name__: f for f in (write_then_wait, wait_then_write)}
for name in ("write_then_wait", "wait_then_write"):
    with running(depot) as server:
        server.client.post(f"/{name}")
        time.sleep(0.3)  # the task has begun
        next_post = waited(server.client, "POST", "/pack")
    print(f"{name}: the next POST waits {next_post}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The first one makes **every writer wait** for its mail server. Nothing in the
# tracker prevents it: the task has the session from its beginning on. A task
# should do its slow work first and write at its end, in one short transaction.
# The tasks of [stage 6](06_at_work.ipynb) do.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: blocking work in an `async def`
#
# Three tasks of one second. Right after each was scheduled, somebody else asks
# for a greeting, from an `async def` endpoint. Predict: who waits?

# %% slideshow={"slide_type": "fragment"}
import asyncio

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


with running(shop) as server:
    for name in TASKS:
        server.client.post(f"/{name}")
        other = waited(server.client, "GET", "/")
        print(f"{name:12} the other one waits {other}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# An `async def` must never block, and nothing checks that. One that calls
# `time.sleep`, `smtplib` or a synchronous session stops the event loop, and
# with it **every** request of the process. A plain `def` blocks one of forty
# worker threads.
#
# The same holds for an endpoint: that is why `get_task_logs`, which queries the
# database, is a `def`.

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
        on_loop = waited(server.client, "GET", "/async")
        threaded = waited(server.client, "GET", "/def")
    print(f"{busy} tasks: `async def` {on_loop}, `def` {threaded}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Thirty-nine: nobody notices. One more, and each `def` endpoint of the whole
# application stands still until a task has ended.
#
# It takes no sleeping task. Here are forty mails of stage 5 and a mail server
# that accepts connections and sends nothing. It ends after two seconds; the
# stage's own time-out would be ten:

# %% slideshow={"slide_type": "fragment"}
import socket
from threading import Timer

silent = socket.create_server(("127.0.0.1", 0), backlog=64)
address = {"smtp_server": "127.0.0.1", "smtp_port": silent.getsockname()[1]}
config = stage.get_email_config().model_copy(update=address)
MAIL = {"subject": "Hello", "body": "Hi!", "recipients": ["ada@example.com"]}

stage.app.dependency_overrides[stage.get_email_config] = lambda: config
try:
    with running(stage.app) as server:
        for _ in range(40):
            server.client.post("/send-email/", json=MAIL)
        Timer(2, silent.close).start()
        log_page = waited(server.client, "GET", "/task-logs/")
    print("GET /task-logs/ waits", log_page)
finally:
    stage.app.dependency_overrides.clear()

# %% [markdown] slideshow={"slide_type": "subslide"}
# That is the limit of background tasks: they share their process with the
# requests. [Stage 6](06_at_work.ipynb) still does. For long tasks, or many,
# there are **task queues** (from [stage 7](07_celery.ipynb) on), with workers
# in processes of their own. A worker gets a name and plain values, such as the
# ID of a row; a session, a row or a closure cannot be sent to it.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Ask where the forty comes from: AnyIO's default limiter. It can
# be raised, and then the next one waits for something else: the database's
# pool, say. Ask for one task in their own work that belongs on a queue, and
# one that does not.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: kill the process
#
# Stage 5 in a process of its own gets forty tasks, is **killed**, and is
# started again. What became of the tasks?

# %% slideshow={"slide_type": "fragment"}
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import httpx2

from course import ports
from course.folders import environment

PORT = ports.free_port()
client = httpx2.Client(base_url=f"http://127.0.0.1:{PORT}")
Path("data/killed.db").unlink(missing_ok=True)


def start_stage() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "stages.s05_task_tracker:app"]
        + ["--port", str(PORT), "--log-level", "critical"],
        env=environment() | {"DATABASE_URL": "sqlite:///data/killed.db"},
    )
    while process.poll() is None:
        try:
            client.get("/task-logs/")
            break
        except httpx2.TransportError:
            time.sleep(0.05)
    return process


process = start_stage()
answers = [client.post("/run-task/report") for _ in range(40)]
process.kill()
process.wait()

process = start_stage()
time.sleep(2)
statuses = Counter(row["status"] for row in client.get("/task-logs/").json())
process.terminate()
process.wait()
client.close()

print("answered with 200:", sum(a.status_code == 200 for a in answers))
print("two seconds after the restart:", dict(statuses))

# %% [markdown] slideshow={"slide_type": "subslide"}
# The rows that do not say "completed" stay as they are **for ever**: the tasks
# were in the memory of the killed process. Nobody else can run them, since a
# row holds their name and not their arguments; and "started" is also what a
# task says that is still running.
#
# In [stage 6](06_at_work.ipynb) the row holds the arguments, and a command
# revives it. From [stage 7](07_celery.ipynb) on, workers run it by themselves.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Ask the class to design the cure before you name queues: the
# row is there, so what would have to run at the next start? Somebody says
# "look for rows that are not completed". Then ask what happens to a mail that
# was sent just before the kill: it is sent twice. That is what "at least once"
# means.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: the error that everybody may read
#
# The tracker records the exception's text, and `/task-logs/` shows it to every
# client. Here a task inserts a parcel under a number that is taken:


# %% slideshow={"slide_type": "fragment"}
def pack_again(session: Session) -> None:
    parcel = {"id": 1, "address": "Eve, 7 Secret Street"}
    session.execute(parcels.insert().values(parcel))


WORKS["pack_again"] = pack_again
send(depot, "POST", "/pack_again")
print(send(stage.app, "GET", "/task-logs/").json[-1]["error"])

# %% [markdown] slideshow={"slide_type": "subslide"}
# The table's name, the statement and somebody's address. The whole text belongs
# in the log, which the tracker has written already. In
# [stage 6](06_at_work.ipynb) a client reads a short reason, and an exception's
# own text only if the task raised it for the client.

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
# | a task writes, then waits | every other writer waits |
# | blocking work in an `async def` | every request waits |
# | forty sleeping `def` tasks | every `def` endpoint waits |
# | the process is killed | "started" or "scheduled" for ever |
# | the exception's text is shown | SQL and values in the answer |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 5](../exercises/ex05_own_session.py), in which a task
# gets its own session. Then
# [exercise 6](../exercises/ex06_predict_the_order.py), in which you predict
# six orders; you have seen four of them so far, and the other two come below.
# After these, [how to test all this](testing.ipynb).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## More: `utcnow`
#
# *15 minutes from here to the end.*
#
# `datetime.utcnow` is the default of many a column. It returns UTC without a
# time zone, so Python treats it as local time. On a server in India:

# %% slideshow={"slide_type": "fragment"}
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
print("on Python", sys.version.split()[0])

# %% [markdown] slideshow={"slide_type": "subslide"}
# On Python 3.11 both exit codes are 0: it does not warn. From Python 3.12 on
# `utcnow` is deprecated, so the second exit code is 1. `datetime.now(UTC)` is
# right everywhere. And SQLite stores no time zone: what was stored as UTC
# comes back without it, which is why `TaskLogOut` adds it again.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## More: two orders for exercise 6
#
# When is a stream made? And what happens to a task that a *dependency* adds,
# before its `yield` and after it?

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
# task that is added after the `yield` is added too late, and is lost: the tasks
# have ended by then.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## More: the row itself
#
# Why an ID, and not the row? A row belongs to its session:

# %% slideshow={"slide_type": "fragment"}
with stage.get_session_factory()() as session:
    row = stage.TaskLog(task_name="handed over")
    session.add(row)
    session.commit()
    session.expire(row)  # as a commit does without expire_on_commit=False

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
small = sa.create_engine(engine.url, pool_size=2, max_overflow=0)


def get_narrow_db() -> Iterator[Session]:
    with Session(small) as db:
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
    print("no task:  the reader waits", waited(server.client, "GET", "/"))
    for _ in range(2):
        server.client.post("/")
    print("two tasks: the reader waits", waited(server.client, "GET", "/"))
small.dispose()

# %% [markdown] slideshow={"slide_type": "subslide"}
# So a long task opens its session late, closes it early, and holds none while
# it waits for something else. `expire_on_commit=False` in the stage has the
# same reason: without it, reading `log.id` after the commit opens a new
# transaction, and holds its connection until the task has ended.

# %% [markdown] slideshow={"slide_type": "fragment"}
# And now [exercise 5](../exercises/ex05_own_session.py) and
# [exercise 6](../exercises/ex06_predict_the_order.py).

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Questions that you can now answer
#
# People ask these in public trackers. Each is a small application with its
# answer: `python3 start.py ask` and the number runs it.

# %% slideshow={"slide_type": "fragment"}
from course.lesson import questions

questions("05")
