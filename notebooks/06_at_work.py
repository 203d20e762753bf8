# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 6 · The same application, ready for production
#
# *35 minutes · builds on [stage 5](05_task_tracker.ipynb) ·
# the code is [stages/s06_at_work](../stages/s06_at_work/app.py)*
#
# Stage 5 works as long as nothing goes wrong. In production things go wrong: a
# setting is wrong, the database is locked, a client sends ten megabytes or
# sends the same request twice, one of three recipients does not exist.
#
# This stage is the same application, cut into files that a team could copy.
# Each file solves one of these problems. The tasks still run in
# `BackgroundTasks`, so one problem remains. The end of this notebook shows it.

# %% slideshow={"slide_type": "skip"}
import json
import logging
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
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
# Shorter than the defaults, so that no cell waits for long.
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
# In stage 4 one task sent the e-mail to all recipients. If it was killed after the
# first one, the others got no mail. Here the endpoint schedules one task for each
# recipient. The mailbox refuses mail to `nobody@…`. `run_here` runs one task.
# Copy the moments into `guess`, in the order and as often as you expect them:

# %% slideshow={"slide_type": "fragment"}
moments = ["response sent", "run_here began"]
guess = []

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 4 minutes.** Ask: "How many tasks are there, and what do the two
# other recipients get when one mail is refused?" Expect three wrong answers:
# one task, which stops at the refused mail; three at the same time; three
# before the response.

# %% slideshow={"slide_type": "subslide"}
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

compare(guess, happened, among=moments)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## See it

# %% slideshow={"slide_type": "fragment"} jupyter={"outputs_hidden": true}
happened

# %% slideshow={"slide_type": "fragment"}
print("arrived:", arrived)
columns = ["id", "task_name", "status", "attempts", "error"]
table(columns, [[log[name] for name in columns] for log in logs])

# %% [markdown] slideshow={"slide_type": "fragment"}
# Two mails arrive, one fails, and its row says so. The row shows only the name
# of the error. The server's own text may contain an address or a path, so it
# goes to the log. `BackgroundTasks` retries nothing. The engines of stages 7
# to 11 retry failed tasks.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A start that fails early
#
# If a wrong setting is found only in the first request, that client gets a 500.
# So this stage checks the folder, the settings, the log file and the database
# before it accepts a request. Each line below is the last line of a process
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
# The line names the setting, and says what to do. It does not show the value,
# which may be a password. At its start, the application does not call the mail
# server, which may be down for a minute: the application has other work.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: wrong requests
#
# Three clients send something wrong: a line break in the subject; half of a
# character (a "lone surrogate", which no UTF-8 text and no database can hold);
# a body of two megabytes. Which status does each get?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "Which status does each of the three get?"
# Expect three wrong answers: 200 for the line break; 500 for half a character;
# 422 for all of them.

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
# The statuses 422 and 413 say that the client made the mistake. No answer repeats
# what the client sent. If a *task* fails, `reason_of` makes the error text for
# its row: it shortens the text, and escapes what the database cannot store:

# %% slideshow={"slide_type": "fragment"}
error = errors.TaskError("no such file: a\0b\ud800" + "c" * 1000)
print(errors.reason_of(error)[:60], "…", len(errors.reason_of(error)))
print(errors.reason_of(RuntimeError("password=hunter2")))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: a locked database
#
# Another program opens the SQLite file and keeps a lock: a backup, a console, a
# migration. Which status does the client get, and how long does it wait?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "Which status does the client get, and when?"
# Expect three wrong answers: 500, at once; 200, after the lock is released; no
# answer.

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
print(f"after {waited:.1f} s; DATABASE_TIME_OUT is 1 s here, 5 s by default")
print("free:  ", free.status_code, free.text)

# %% [markdown] slideshow={"slide_type": "fragment"}
# 503 and `Retry-After` mean "not your mistake, try again later". A client gets
# the same answer when a PostgreSQL server is away, does not answer, or is
# read-only after a fail-over. When the database is back, the application works
# again without a restart.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Slow work first, then one short transaction
#
# A transaction that has written keeps its lock until it commits. Two tasks do
# the same slow work: one writes before it, one writes after it. During the
# slow work another task writes, and waits for the lock for 0.2 s at most. What
# happens to it?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "What happens to the other writer?" Expect
# three wrong answers: nothing, because it writes another row; it waits until
# the task has ended; the task gets the error.

# %% slideshow={"slide_type": "fragment"}
path = folder / "order.db"
with sqlite3.connect(path) as connection:
    connection.execute("CREATE TABLE done (name TEXT)")
connection.close()


def insert(name: str, then: Callable[[], object] = int) -> str:
    connection = sqlite3.connect(path, timeout=0.2)  # seconds for the lock
    try:
        with connection:  # commits at its end
            connection.execute("INSERT INTO done VALUES (?)", [name])
            then()
        return "done"
    except sqlite3.OperationalError as error:
        return str(error)
    finally:
        connection.close()


def slow_work() -> None:  # meanwhile another task writes
    print(f"   another writer: {insert('other')}")


print("the task writes, then works")
insert("task", then=slow_work)
print("the task works, then writes")
slow_work()
insert("task")

# %% [markdown] slideshow={"slide_type": "subslide"}
# So a task does its slow work first, and uses its session at the end. Then its
# effect in the database and the status "completed" are **one** transaction,
# which holds a connection for milliseconds. This part of the tracker runs the
# task:

# %% slideshow={"slide_type": "fragment"}
source(tasks.get_task_tracker)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The same request twice
#
# A client sends a request, and the connection breaks. The client cannot know
# whether the request was accepted, so it sends the request again. With an
# `Idempotency-Key` header that is safe: both requests have the same key. How
# many rows are there after two requests?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "How many rows are there, and which status has
# the second request?" Expect three wrong answers: two rows; one row and a 409;
# one row, but only if both requests reach the same server.

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
# Both requests are a success, and there is one row. A unique column in the
# database allows only one row for a key, so this also works with two servers.
# The last request has the same key, but asks for something else: that is a
# mistake of the client.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The seam: where an engine is connected
#
# A seam is a place in the code where you can replace one part and change
# nothing else. Here it is the class `Queue`. An endpoint adds a row with the
# task's name and its arguments, as JSON. With this row, any process can run
# the task. Then the endpoint passes the row's ID to a `Queue`:

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
# Here is a small queue with a broker that we can switch off. The endpoint commits
# the row *before* it calls the broker. Which status does the client get?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 4 minutes.** Ask: "Which status does the client get?" Expect
# three wrong answers: 503; 500; 200, and the task is lost. Then ask about the
# opposite order: publish first, commit afterwards. A fast worker finds no row,
# and a commit that fails leaves a message without a row.
# [Stage 10](10_procrastinate.ipynb) does both at once.

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
# After the commit the answer is a success, also when the broker fails: the task
# is accepted. Its row has an empty `published_at`. A periodic job looks for such
# rows and publishes them. This is the **outbox pattern**:

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

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: too many tasks wait
#
# No worker takes tasks from our queue, so more and more rows wait. A client
# whose task is accepted now would wait for hours. Above a limit the
# application refuses new tasks:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "Which status says 'not now'?" Expect three
# wrong answers: 429, which blames the client; 500; 202, because the row is
# stored.

# %% slideshow={"slide_type": "fragment"}
os.environ["TASK_MAX_WAITING"] = "5"  # 10,000 by default
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
# The limit was five. The application counts the rows only once a second, so
# that requests stay fast. Before it counted again, it accepted some more. `GET
# /health` says how many tasks wait, and how long the oldest has waited. A
# broker cannot say that: it does not count the tasks that a worker has taken
# or that wait for a retry.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: kill the process
#
# One problem remains. The mail server accepts the connection and sends
# nothing, so the first of three tasks is in the middle of its work. Then we
# kill the process, as `kill -9` does, or as the system does without free
# memory.
# What do the three rows say after the application has started again?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 4 minutes.** Ask: "What do the three rows say?" Expect three
# wrong answers: "started" three times; "failed" and two "scheduled";
# "completed", since the rows have the arguments.

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
# The client has its "success", but no process runs these tasks: they were in
# the memory of the killed process. But the rows are still there, and a row is
# enough to run its task. An operator can list the rows and run their tasks
# again:

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
# The operator did that by hand. An engine does it by itself: it knows which
# tasks a worker has taken and not finished, and gives them to another worker.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - refuse to start with a wrong setting, and say in one line what to do;
# - answer with 413, 422 and 503, each for its reason, and show nothing private;
# - keep transactions short, and accept the same request twice;
# - commit first, publish afterwards, and try again when the broker got nothing;
# - say which tasks `BackgroundTasks` still loses.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see |
# |---|---|
# | settings are read in a request | the application starts, and fails hours later |
# | one task for all recipients | because of one bad address, others get no mail |
# | a task writes first and works afterwards | "database is locked" elsewhere |
# | a repeated request has no key | it is done twice |
# | the answer depends on the broker | the client gets an error, but its task will run |
# | nobody counts the waiting tasks | tasks are accepted, and done hours later |
# | the process is killed | rows that stay "started" and "scheduled" |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [stage 7](07_celery.ipynb): other processes run the tasks. No line
# of this stage changes for that. After one of the stages 7 to 11, do [exercise
# 13](../exercises/ex13_task_queue.py): you store each task in a row, and pass
# the row's ID to a queue.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Questions that you can now answer
#
# These are real questions from GitHub issues and forums. Each one has an
# answer: a small application that you can run. In a terminal, type for example
# `python3 start.py ask 16`.

# %% slideshow={"slide_type": "fragment"}
from course.lesson import questions

questions("06")
