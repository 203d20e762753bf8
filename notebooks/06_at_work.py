# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 6 · The same application at work
#
# *25 minutes · builds on [stage 5](05_task_tracker.ipynb) ·
# the code is [stages/s06_at_work](../stages/s06_at_work/app.py)*
#
# Stage 5 works on a good day. At work there are other days: a setting is
# wrong, the database is locked, a client sends ten megabytes or sends the
# same request twice, one of three recipients does not exist.
#
# This stage is the same application, cut into files that a team would copy.
# Each file answers one of these days. The tasks still run in
# `BackgroundTasks`, so one accident stays open until the end of this notebook.

# %% slideshow={"slide_type": "skip"}
import json
import logging
import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx2
import sqlalchemy as sa

from course import ports
from course.lesson import (
    compare,
    mailbox,
    new_in,
    pretty,
    running,
    send,
    silent_mail_server,
    source,
    start_afresh,
    table,
)
from course.processes import Program
from course.workers import until

folder = start_afresh("lesson06")
# Shorter than at work, so that no cell waits for long.
os.environ |= {"DATABASE_TIME_OUT": "1", "TASK_PUBLISH_AFTER": "1"}

from stages.s06_at_work import app as web
from stages.s06_at_work import errors, manage, queue, tasks
from stages.s06_at_work.app import app, create_app
from stages.s06_at_work.database import TaskLog, get_session_factory
from stages.s06_at_work.settings import get_task_config

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One application, many files
#
# A file is about one thing, and its first line says which:

# %% slideshow={"slide_type": "fragment"}
files = sorted(Path(web.__file__).parent.glob("[a-z]*.py"))
table(
    ["file", "what it is about"],
    [[path.name, path.read_text().splitlines()[0].strip('"')] for path in files],
)

# %% slideshow={"slide_type": "skip"}
new_in("s06")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Predict: three recipients, one does not exist
#
# In stage 4 one task sent an e-mail to everybody. A mail server that closes
# the connection after the second one would cost the third his mail. Here the
# endpoint schedules one task for each recipient. The mailbox refuses mail to
# `nobody@…`. Put these in order:

# %% slideshow={"slide_type": "fragment"}
guess = [
    "run_here began",
    "run_here began",
    "run_here began",
    "response sent",
]

# %% slideshow={"slide_type": "fragment"}
LETTER = {
    "subject": "Hello",
    "body": "Your parcel is here.",
    "recipients": ["ada@example.com", "nobody@example.com", "bob@example.com"],
}
with mailbox() as box, running(app) as server:
    logging.disable()  # the log has the whole traceback
    happened = server.send("POST", "/send-email/", json=LETTER)
    logging.disable(logging.NOTSET)
    arrived = [mail.recipients for mail in box.wait_for(2)]
    logs = server.client.get("/task-logs/").json()

compare(guess, happened, among=guess)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## See it

# %% slideshow={"slide_type": "fragment"}
happened

# %% slideshow={"slide_type": "fragment"}
print("arrived:", arrived)
columns = ["id", "task_name", "status", "attempts", "error"]
table(columns, [[log[name] for name in columns] for log in logs])

# %% [markdown] slideshow={"slide_type": "fragment"}
# Two mails arrive, one fails, and the row says which. The row shows the name
# of the error only. The server's own words may hold an address or a path, so
# they go to the log.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Ask which of the three should be tried again, and by what.
# `BackgroundTasks` tries nothing again. The engines of stages 7 to 11 do.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A start that fails early
#
# A wrong setting that shows up in the first request costs that client a 500.
# The stage checks the folder, the settings, the log file and the database
# before it answers anything. Each line below is the last one of a process
# that did not start:

# %% slideshow={"slide_type": "fragment"}
def last_line_of_a_start(**settings: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "uvicorn", f"{web.__name__}:app", "--port=0"],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    (line,) = [n for n in done.stderr.splitlines() if "StartError" in n]
    return line.rpartition("StartError: ")[2]


for name, value in [
    ("SMTP_PORT", "abc"),
    ("DATABASE_URL", "postgresql://ada:p@ss@localhost/db"),
    ("DATABASE_URL", "sqlite:///no/such/folder/tasks.db"),
]:
    print(f"{name}={value}")
    print("   ", last_line_of_a_start(**{name: value}))

# %% [markdown] slideshow={"slide_type": "fragment"}
# A line names the setting and says what to do. It does not show the value: it
# may be a password. The mail server is not asked at the start, because it may
# be away for a minute, and the application has other work.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: a request that is too much
#
# Three clients that are wrong: a line break in the subject, half of a
# character (a "lone surrogate", which no UTF-8 text and no database can
# hold), and a body of two megabytes:

# %% slideshow={"slide_type": "fragment"}
bad = {
    "a line break": LETTER | {"subject": "Hello\nBcc: eve@example.com"},
    "half a character": LETTER | {"subject": "Hello \ud800"},
    "two megabytes": LETTER | {"body": "x" * 2_000_000},
}
with running(app) as server:
    answers = {
        name: server.client.post(
            "/send-email/",
            content=json.dumps(letter),
            headers={"Content-Type": "application/json"},
        )
        for name, letter in bad.items()
    }
for name, answer in answers.items():
    print(f"{name}: {answer.status_code} {answer.text[:150]}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# 422 and 413 are the client's fault, and say so. No answer repeats what was
# sent. And what a *task* reports goes through one function, which shortens it
# and escapes what the database could not store:

# %% slideshow={"slide_type": "fragment"}
error = errors.TaskError("no such file: a\0b\ud800" + "c" * 1000)
print(errors.reason_of(error)[:60], "…", len(errors.reason_of(error)))
print(errors.reason_of(RuntimeError("password=hunter2")))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: a locked database
#
# Somebody opens the SQLite file and keeps a lock: a backup, a console, a
# migration. Predict the status, and how long the client waits:

# %% slideshow={"slide_type": "fragment"}
logging.disable()  # one line in the log says so
with running(app) as server:
    other = sqlite3.connect(folder / "tasks.db")
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    locked = server.client.post("/run-task/report")
    waited = time.monotonic() - began
    other.rollback()
    other.close()
    free = server.client.post("/run-task/report")
logging.disable(logging.NOTSET)

print("locked:", locked.status_code, locked.text)
print("Retry-After:", locked.headers["Retry-After"])
print(f"after {waited:.1f} s; DATABASE_TIME_OUT is 1 s here, 5 s at work")
print("free:  ", free.status_code, free.text)

# %% [markdown] slideshow={"slide_type": "fragment"}
# 503 and `Retry-After` mean "not your fault, come again". The same answer
# comes for a PostgreSQL that is gone, frozen or read-only after a fail-over,
# and the process recovers by itself: no restart.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Slow work first, then one short transaction
#
# A transaction that has written keeps its lock until it commits. Two tasks do
# the same work of half a second. One writes first, one writes last. What does
# a second writer see, which waits for 0.2 s at most?

# %% slideshow={"slide_type": "fragment"}
path = folder / "order.db"
with sqlite3.connect(path) as connection:
    connection.execute("CREATE TABLE done (name TEXT)")
connection.close()


def insert(name: str, then_work: float = 0, work_before: float = 0) -> str:
    time.sleep(work_before)  # a mail server, a picture, a report
    connection = sqlite3.connect(path, timeout=0.2)
    try:
        with connection:  # commits at its end
            connection.execute("INSERT INTO done VALUES (?)", [name])
            has_written.set()
            time.sleep(then_work)
        return "done"
    except sqlite3.OperationalError as error:
        return str(error)
    finally:
        connection.close()


for name, options in [
    ("writes, then works", {"then_work": 0.5}),
    ("works, then writes", {"work_before": 0.5}),
]:
    has_written = threading.Event()
    task = threading.Thread(target=insert, args=(name,), kwargs=options)
    task.start()
    has_written.wait(0.3)
    print(f"the task {name}; another writer: {insert('other')}")
    task.join()

# %% [markdown] slideshow={"slide_type": "subslide"}
# So a task does its slow work first and uses its session at the end. The
# effect in the database and "completed" are then **one** transaction, and a
# connection is held for milliseconds. This is the part of the tracker that
# runs it:

# %% slideshow={"slide_type": "fragment"}
source(tasks.get_task_tracker)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The same request twice
#
# A client sends a request, and the connection is cut. Was it done? It cannot
# know, so it sends it again. With an `Idempotency-Key` it may:

# %% slideshow={"slide_type": "fragment"}
key = {"Idempotency-Key": "order-4711"}
with running(app) as server:
    post, get = server.client.post, server.client.get
    before = len(get("/task-logs/").json())
    print(post("/run-task/invoice", headers=key).status_code)
    print(post("/run-task/invoice", headers=key).status_code)
    print("rows:", len(get("/task-logs/").json()) - before)
    print(post("/run-task/refund", headers=key).text)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Both are a success, and there is one row. The database decides, by a unique
# column, so two servers at once are no problem. The third request has the
# same key and asks for something else: that is a mistake in the client.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The seam
#
# An endpoint adds a row with the task's name and its arguments, as JSON. That
# row is enough to run the task in any process. Then the endpoint gives the
# row's ID to a `Queue`:

# %% slideshow={"slide_type": "fragment"}
source(queue.Queue)

# %% slideshow={"slide_type": "fragment"}
source(queue.enqueue)

# %% slideshow={"slide_type": "subslide"}
with get_session_factory()() as session:
    row = session.get_one(TaskLog, 1)
pretty({name: getattr(row, name) for name in ["id", "kind", "payload"]})

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: the broker is away
#
# Here is a queue of four lines, with a broker that we can switch off. The
# row is committed *before* the broker is asked. What does the client get?

# %% slideshow={"slide_type": "fragment"}
class SwitchedQueue(queue.Queue):
    on, messages = False, []

    def publish(self, log_id: int) -> None:
        if not self.on:
            raise ConnectionError("the broker is away")
        self.messages.append(log_id)


switched = SwitchedQueue()
logging.disable()  # "The broker takes no task now"
happened = send(create_app("lesson", switched), "POST", "/run-task/report")
logging.disable(logging.NOTSET)
print(happened.status, happened.json, "messages:", switched.messages)
assert manage.main(["list", "--limit=1"]) == 0

# %% [markdown] slideshow={"slide_type": "subslide"}
# After the commit the answer is a success, whatever the broker does: the task
# is accepted. Its row has an empty `published_at`. A periodic job looks for
# such rows (the **outbox pattern**) and publishes them:

# %% slideshow={"slide_type": "fragment"}
source(queue.publish_overdue)

# %% slideshow={"slide_type": "fragment"}
switched.on = True


def published() -> list[int]:
    tasks.call(queue.publish_overdue, switched)
    return switched.messages


logging.disable()
print("messages:", until(published))
logging.disable(logging.NOTSET)

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Ask for the opposite order: publish first, commit afterwards.
# A fast worker finds no row; and a commit that fails leaves a message for a
# row that never was. [Stage 10](10_procrastinate.ipynb) does both at once.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: too many wait
#
# No worker takes anything from our queue, so the rows pile up. Somebody who
# is accepted now would wait for hours. Above a limit the application says so:

# %% slideshow={"slide_type": "fragment"}
os.environ["TASK_MAX_WAITING"] = "5"  # 10,000 at work
get_task_config.cache_clear()
with running(create_app("lesson", switched)) as server:
    for accepted in range(10_000):
        answer = server.client.post("/run-task/report")
        if answer.status_code != 200:
            break
    print("accepted before that:", accepted)
    print(answer.status_code, answer.text, answer.headers["Retry-After"])
    print(server.client.get("/health").json())
del os.environ["TASK_MAX_WAITING"]
get_task_config.cache_clear()

# %% [markdown] slideshow={"slide_type": "fragment"}
# The limit was five, and it counts once a second only, so that a request is
# not slower for it: some more get in. `GET /health` says how many wait, and
# for how long the oldest does. A broker cannot tell: it does not count what a
# worker has taken or what waits for its next attempt.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: kill the process
#
# One accident stays. The mail server takes the call and says nothing, so the
# first of three tasks is in the midst of its work. Then the process is
# killed, as by `kill -9` or a container that needs too much memory. Predict:
# what do the three rows say when the application has started again?

# %% slideshow={"slide_type": "fragment"}
def serve(port: int) -> Program:
    options = ["--port", str(port), "--log-level=error"]
    words = ["-m", "uvicorn", f"{web.__name__}:app", *options]
    with (folder / "server.log").open("ab") as log:
        return Program("The server", [sys.executable, *words], output=log)


def statuses() -> list[str]:
    query = sa.select(TaskLog.status).where(TaskLog.kind == "send-email")
    with get_session_factory()() as session:
        return list(session.scalars(query.order_by(TaskLog.id)))[-3:]


def answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/health").status_code == 200
    except httpx2.TransportError:
        return False


port = ports.free_port()
url = f"http://127.0.0.1:{port}"
with silent_mail_server() as wait_for_call:
    process = serve(port)
    try:
        until(lambda: answers(url))
        reply = httpx2.post(f"{url}/send-email/", json=LETTER)
        wait_for_call()
        process.kill()
        print("the client has:", reply.json()["status"])
        process = serve(port)
        until(lambda: answers(url))
        print("the rows say:  ", *statuses())
    finally:
        process.stop()

# %% [markdown] slideshow={"slide_type": "subslide"}
# The client has its "success", and nobody will do it: what was in memory is
# gone. But the rows are there, and a row is enough. Somebody who looks after
# the application can list them and run them again:

# %% slideshow={"slide_type": "fragment"}
with get_session_factory()() as session:
    query = sa.select(TaskLog.id).where(TaskLog.kind == "send-email")
    lost = [str(log_id) for log_id in session.scalars(query)][-3:]
logging.disable()
with mailbox() as box:
    manage.main(["revive", *lost, "--run"])
    print("arrived:", [mail.recipients for mail in box.wait_for(2)])
logging.disable(logging.NOTSET)
print("the rows say:", *statuses())

# %% [markdown] slideshow={"slide_type": "fragment"}
# That was done by hand. An engine does it by itself: it remembers what a
# worker has taken and not finished, and gives it to another one.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - stop a start early, with one line that says what to do;
# - answer 413, 422 and 503, each for its reason, and show nothing private;
# - keep transactions short, and let a request be sent twice;
# - commit first, publish afterwards, and publish later what was missed;
# - say what `BackgroundTasks` still loses.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see |
# |---|---|
# | settings are read in a request | it starts, and fails hours later |
# | one task for all recipients | one bad address costs others their mail |
# | a task writes first and works afterwards | "database is locked" elsewhere |
# | a repeated request has no key | it is done twice |
# | the answer depends on the broker | an error for a task that will be done |
# | nobody counts what waits | clients are accepted, and wait for hours |
# | the process is killed | rows that stay "started" and "scheduled" |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 13](../exercises/ex13_task_queue.py), in which you build
# a row that is enough, and a queue behind it. Then
# [stage 7](07_celery.ipynb): workers of their own, and not a line of this
# stage changes.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Questions that you can now answer
#
# People ask these in public trackers. Each is a small application with its
# answer: `python3 start.py ask` and the number runs it.

# %% slideshow={"slide_type": "fragment"}
from course.lesson import questions

questions("06")
