# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 5 · A task has a database session of its own, and a record
#
# *30 minutes · builds on [stage 4](04_email_service.ipynb) ·
# the code is [stages/s05_task_tracker.py](../stages/s05_task_tracker.py)*
#
# In stage 4 the client got its "success" before anything was done. So a client
# needs a place to *ask*: was the mail sent, did it fail, and why? That place
# is a table with a row for each task.
#
# To write into the table, a function needs a **database session**. In a
# request, a dependency opens the session and closes it. But the task runs
# after the response. Which session does the task use? That is the question of
# this stage.

# %% slideshow={"slide_type": "skip"}
from course.lesson import (
    Versions,
    compare,
    new_in,
    pretty,
    running,
    send,
    silent_mail_server,
    source,
    start_afresh,
    table,
)

start_afresh()

from stages import s05_task_tracker as stage

# %% slideshow={"slide_type": "skip"}
new_in("s05")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Three rules for a task with a record
#
# - The endpoint commits a row, and passes its **ID** to the task. An ID is only
#   a number, so it is still valid after the request's session is closed.
# - The task opens its **own session**, from the session *factory*.
# - When the task has ended or failed, a **new** transaction writes its status.

# %% slideshow={"slide_type": "subslide"}
source(stage.run_task)

# %% slideshow={"slide_type": "fragment"}
source(stage.get_task_tracker)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Predict
#
# `get_db` opens the request's session ("get_db entered"), and closes it after
# its `yield` ("get_db left"). When is the session of this request closed? Copy
# the moments into `guess`, in your order.

# %% slideshow={"slide_type": "fragment"}
moments = [
    "get_db entered",
    "get_db left",
    "run_task ended",
    "response sent",
    "track_task began",
    "track_task ended",
]
guess = []

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 4 minutes.** Ask: "When does the code after `yield` in `get_db`
# run?" Expect three wrong answers:
#
# 1. When the endpoint has ended.
# 2. Before the response. (That was correct for FastAPI 0.106 to 0.117.)
# 3. After the response, but before the task.
#
# Point at the bar of `get_db` in the picture: the session stays open during the
# whole task, but the task does not need it. Demo:
#
# ```console
# $ python3 start.py timeline stages.s05_task_tracker:app POST /run-task/report
# get_db
# run_task
# track_task
# ```

# %% slideshow={"slide_type": "subslide"}
happened = send(stage.app, "POST", "/run-task/report")
compare(guess, happened, among=moments)

# %% slideshow={"slide_type": "subslide"} jupyter={"outputs_hidden": true}
happened

# %% [markdown] slideshow={"slide_type": "fragment"}
# The request's session was closed *last*, after the task: "get_db left" is the
# moment when the code after its `yield` has run. On this version of FastAPI
# the task can still use this session. On some other versions it cannot: see
# below.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Ask what happened to the task
#
# We start one more task, which crashes. Then we ask what happened: stage 4
# could not answer that. Which status does the client of the crashed task get?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "Which status does the client of the crashed
# task get?" Expect three wrong answers: 500; 404; 200, and "failed" in the
# answer. The client gets a 200, because it asked the application to schedule
# the task, and that was done. Ask which status would be more honest (202). The
# traceback is in `data/background_tasks.log`.

# %% slideshow={"slide_type": "fragment"}
with running(stage.app) as server:
    crashed = server.send("POST", "/run-task/crash")
    logs = server.send("GET", "/task-logs/").json

print(crashed.status, crashed.json)
pretty([{k: log[k] for k in ("id", "status", "error")} for log in logs])

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A task that writes
#
# The stage's own tasks do not use the session that the tracker passes to them.
# The tasks in the next cell write into a table of parcels. The second task
# writes a row, and then it fails. Is its row in the table?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "Is the row of the second parcel in the table?"
# Expect three wrong answers: yes, because it was written before the failure;
# no, and the record of the task is gone too; yes, until the session is closed.

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
# The parcel of the first task was committed. The parcel of the second task was
# **rolled back** with its transaction. The failure of the task is still
# recorded, because the tracker writes it in another transaction.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: borrow the request's session
#
# Here the task gets the request's session itself. The table shows the same
# request on three versions of FastAPI. (`python3 start.py versions` makes this
# table again, and needs the network.)

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "On which of the three versions is the session
# still open in the task?" Expect three wrong answers: on none; on all; only on
# the newest.

# %% slideshow={"slide_type": "skip"}
versions = Versions("borrowed")
versions

# %% slideshow={"slide_type": "fragment"}
table(
    ["FastAPI", "what happened, beginning when the endpoint ended"],
    [
        [version, " → ".join(order[order.index("run_task ended") :])]
        for version, order in versions.orders.items()
    ],
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The rule has changed twice. A borrowed session is open on 0.105, closed on
# 0.106 to 0.117, and open again since 0.118. If the task opens its own session,
# it works on every version.
#
# The task does not fail when the session is closed: a closed session opens a
# connection again, and does not return it to the pool. The result is correct,
# so nobody notices the leak for years.
# [Question 4](../questions/q04_whose_session.py) shows it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: commit after the `yield`
#
# Many applications let the dependency commit, in one place, after the endpoint.
# `get_committing_db` does that. Does the task find the row that its endpoint has
# added?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask who has a `get_db` that commits: many templates
# have one. Expect three wrong answers: yes, the endpoint added it; yes, `flush`
# sent it; sometimes, it is a race. Live: replace `flush()` by `commit()` in the
# next cell. Then the task finds the row with `scope="request"` and with
# `scope="function"`.

# %% slideshow={"slide_type": "fragment"}
from collections.abc import Iterator
from typing import Annotated


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
# With the usual scope, "request", the task runs **before the commit**, and finds
# no row. With `scope="function"` the commit comes first. With "request", a task
# that writes has to wait until the request's transaction has ended. But the
# request waits until the task has ended. After SQLite's time-out the task gets
# the error "database is locked"
# ([question 41](../questions/q41_database_is_locked.py)).
#
# So **commit in the endpoint**, and then pass the ID, as the stage does.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: record the failure on the session that failed
#
# Here the task uses one session for its work and for its status. The `except`
# sets the status to "failed". The work fails in a flush, because its row has no
# name. Which status does the row have in the end?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "Which status does the row have in the end?"
# Expect three wrong answers: "failed"; "completed"; none, because the row is
# rolled back. Exercise 5 is about this. Students often make two mistakes in
# it: the provider opens the session, so it is opened before the response; and
# a `raise` inside `begin()` undoes `log.status = "failed"`.

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
# After a failed flush, a session has to roll back before it can do anything
# else. So the commit in the `except` raised an exception too, and the row says
# "started" **for ever**.
#
# The rule: *roll back, write the status in a new transaction, then decide
# whether to raise again.* `with factory.begin() as session:` commits at its
# end. It rolls back after an exception, and always closes the session. A
# `raise` inside the block would undo the status too.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: blocking work in an `async def`
#
# There are three tasks of one second each. While a task runs, another client
# asks an `async def` endpoint for a greeting. Which task makes this client
# wait?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "Which task makes the other client wait?" Expect
# three wrong answers: none, because a task runs in the background; all of
# them; the one in a thread, because it sleeps. Live: start stage 5 with
# `python3 start.py stage 5 --reload`, put `import time; time.sleep(20)` into the
# first line of the endpoint `send_notification`, send it a request from
# `/docs`, and try to open `/docs` in another tab. Then undo the change.

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


with running(shop) as server:
    for name in TASKS:
        server.client.post(f"/{name}")
        began = time.perf_counter()
        server.client.get("/")
        waited = (time.perf_counter() - began) * 1000
        print(f"{name:12} the other client waits {waited:5.0f} ms")

# %% [markdown] slideshow={"slide_type": "subslide"}
# An `async def` must never block, and nothing checks that. If it calls
# `time.sleep`, `smtplib` or a synchronous session, it stops the event loop, and
# with it **every** request of the process
# ([question 10](../questions/q10_async_task_blocks_everybody.py)). So
# `get_task_logs`, which queries the database, is a `def`.
#
# A plain `def` blocks one of forty worker threads. When all forty are busy,
# each `def` endpoint waits
# ([question 11](../questions/q11_forty_threads.py)). While a task keeps a session
# open, nobody else can use its connection
# ([question 12](../questions/q12_pool_deadlock.py)).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: kill the process
#
# We start stage 5 in a separate process. One task is completed. Then the mail
# server accepts a connection and sends nothing, so three more tasks are in the
# middle of their work. We **kill** the process, and start it again. What do the
# four rows say?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 4 minutes.** Expect three wrong answers: "failed", because the
# tasks were interrupted; "completed", because they run again after the
# restart; there are no rows. Then ask the class for a solution, before you say
# anything about queues. Somebody will say: "look for rows that are not
# completed, and run their tasks again". Ask what happens to a mail that was
# sent just before the kill: it is sent twice. Queues call this "at least
# once": a task may run more than once.

# %% slideshow={"slide_type": "fragment"}
import subprocess
import sys

import httpx2

from course import ports
from course.folders import environment
from course.workers import until

PORT = ports.free_port()
client = httpx2.Client(base_url=f"http://127.0.0.1:{PORT}")
LETTER = {"subject": "Hi", "body": "Hi!", "recipients": ["ada@example.com"]}


def answers() -> bool:
    try:
        return client.get("/task-logs/").is_success
    except httpx2.TransportError:
        return False


def start_stage() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "stages.s05_task_tracker:app"]
        + ["--port", str(PORT), "--log-level", "critical"],
        env=environment() | {"DATABASE_URL": "sqlite:///data/killed.db"},
    )
    until(answers)
    return process


def statuses() -> list[str]:
    return [row["status"] for row in client.get("/task-logs/").json()]


with silent_mail_server() as wait_for_call:
    process = start_stage()
    client.post("/run-task/report")
    until(lambda: statuses() == ["completed"])
    for _ in range(3):
        print(client.post("/send-email/", json=LETTER).json()["status"])
        wait_for_call()
    process.kill()
    process.wait()
    process = start_stage()
    print("after the restart:", *statuses())
    process.terminate()
    process.wait()
client.close()

# %% [markdown] slideshow={"slide_type": "subslide"}
# Three clients have a "success", and three rows say "started" **for ever**.
# The tasks were in the memory of the killed process. Nobody else can run them,
# because a row contains the name of its task, and not the arguments. And you
# cannot see that they are lost: the row of a task that is still running says
# "started" too.
#
# In [stage 6](06_at_work.ipynb) the row also contains the arguments, and a
# command runs the task again. In [stage 7](07_celery.ipynb) and later, **task
# queues** run it again automatically, in separate worker processes.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: the error that every client can read
#
# The tracker records the exception's text, and `/task-logs/` shows it to every
# client. Here a task inserts a parcel with an ID that exists already:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "What does the client read in `error`?" Expect
# three wrong answers: only "failed"; the name of the exception; nothing,
# because the answer hides it.


# %% slideshow={"slide_type": "fragment"}
def pack_again(session: Session) -> None:
    parcel = {"id": 1, "address": "Eve, 7 Secret Street"}
    session.execute(parcels.insert().values(parcel))


WORKS["pack_again"] = pack_again
send(depot, "POST", "/pack_again")
print(send(stage.app, "GET", "/task-logs/").json[-1]["error"])

# %% [markdown] slideshow={"slide_type": "subslide"}
# Every client can read the table's name, the SQL and somebody's address. The
# whole text belongs in the log, and the tracker has written it there. In
# [stage 6](06_at_work.ipynb) a client reads only the name of the exception.
# The text of the exception is shown only for a `TaskError`: its text is written
# for clients.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - give a task its own session; this works on every version of FastAPI;
# - record how a task ended, even when its session failed;
# - say when the code after a `yield` runs, and what you must commit before the
#   task runs;
# - choose `def` or `async def` for a task, and name the cost of each.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see | where |
# |---|---|---|
# | the task borrows the request's session | it is open or closed, depending on the FastAPI version | above, [question 4](../questions/q04_whose_session.py) |
# | the commit is after the `yield` | the task finds no row | above, [question 41](../questions/q41_database_is_locked.py) |
# | the failure is recorded on the failed session | "started" for ever | above |
# | a row, and not its ID, is passed to the task | `DetachedInstanceError` | [question 38](../questions/q38_detached_instance.py) |
# | blocking work in an `async def` | every request waits | above |
# | forty sleeping `def` tasks | every `def` endpoint waits | [question 11](../questions/q11_forty_threads.py) |
# | a task writes first, then waits | every other writer waits | [stage 6](06_at_work.ipynb) |
# | the process is killed | "started" for ever | above |
# | the exception's text is shown | SQL and values in the answer | above |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:**
#
# 1. [Exercise 5](../exercises/ex05_own_session.py): a task gets its own session.
# 2. [Exercise 6](../exercises/ex06_predict_the_order.py): you predict six orders.
#    You have seen four of them.
# 3. [How to test tasks](testing.ipynb).
# 4. [Stage 6](06_at_work.ipynb).

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Questions that you can now answer
#
# These are real questions from GitHub issues and forums. Each one has an
# answer: a small application that you can run. In a terminal, type for example
# `python3 start.py ask 4`.

# %% slideshow={"slide_type": "fragment"}
from course.lesson import questions

questions("05")
