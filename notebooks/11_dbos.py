# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 11 · A task resumes where it stopped, with DBOS
#
# *20 minutes · builds on [stage 10](10_procrastinate.ipynb) ·
# the code is [stages/s11_dbos](../stages/s11_dbos/worker.py)*
#
# The engines so far run a killed task again from its first line. That is fine for
# one e-mail. But what if a task has three parts, and each part costs a minute,
# or money?
#
# DBOS records the end of each **step** in the database. A **workflow** is a
# function that calls steps. After a kill, the workflow runs again. DBOS does not
# run a step that has ended: it returns the recorded result. So the workflow
# **resumes** at the next step.
#
# DBOS is a library. On SQLite the application itself runs the tasks: no
# broker, no server, no worker.

# %% slideshow={"slide_type": "skip"}
import base64
import inspect
import logging
import os
import pickle
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import sqlalchemy as sa

from course.folders import environment
from course.lesson import (
    mailbox,
    new_in,
    running,
    source,
    start_afresh,
    table,
)
from course.processes import Program
from course.workers import until

folder = start_afresh("lesson11")
os.environ["TASK_LONGEST_PAUSE"] = "2"  # seconds; ten minutes at work

from stages.s06_at_work.database import TaskLog, get_session_factory
from stages.s11_dbos.worker import DBOSQueue

# %% slideshow={"slide_type": "skip"}
new_in("s11")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Three steps
#
# An e-mail is sent (1), a notification is recorded (2) and written (3):

# %% slideshow={"slide_type": "fragment"}
stage = inspect.getmodule(DBOSQueue)
source(stage.run)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Predict: killed after the second step
#
# The steps of this worker write lines into a file, so that we see them. The third
# step waits until there is a file `go`. It is the stage's own worker, and
# `overrides` replaces only `get_tasks`:

# %% slideshow={"slide_type": "fragment"}
WORKER = """
import sys
import time
from pathlib import Path

from stages.s06_at_work.tasks import get_tasks, overrides
from stages.s11_dbos import worker

folder = Path(sys.argv[1])

def write(line):
    with (folder / "effects.txt").open("a") as file:
        file.write(line + "\\n")

def email(session, payload):
    write("step 1: the e-mail is sent")

def notify(session, payload):
    write("step 3 begins")
    while not (folder / "go").exists():
        time.sleep(0.05)
    write("step 3: the notification is written")

tasks = {"send-email": email, "send-notification": notify}
overrides[get_tasks] = lambda: tasks
worker.main("lesson")
"""


def start_worker() -> Program:
    with (folder / "worker.log").open("ab") as log:
        command = [sys.executable, "-c", WORKER, str(folder)]
        return Program("The worker", command, output=log)


def effects() -> list[str]:
    path = folder / "effects.txt"
    return path.read_text().splitlines() if path.exists() else []


# %% [markdown] slideshow={"slide_type": "subslide"}
# The job is inserted in the transaction of the row, as in stage 10. Then we kill
# the worker in the middle of step 3, and start it again. Which lines of
# `effects.txt` do you expect?

# %% slideshow={"slide_type": "skip"}
# Write your guess here:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 4 minutes.** Ask: "Which lines are there twice?" Expect three
# wrong answers: all lines twice; each line once; the e-mail is sent twice, and
# the rest once.

# %% slideshow={"slide_type": "fragment"}
LETTER = {
    "subject": "Hello",
    "body": "Your parcel is here.",
    "recipients": ["ada@example.com"],
}


def accept() -> None:
    payload = {"content": LETTER, "message_id": "<1@example.com>"}
    with get_session_factory().begin() as session:
        log = TaskLog(kind="send-email", task_name="letter", payload=payload)
        session.add(log)
        session.flush()
        DBOSQueue().publish_in(session, log.id)


def tables() -> list[str]:
    with closing(sqlite3.connect(folder / "tasks.db")) as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        return [name for (name,) in connection.execute(query)]


def rows() -> list[tuple[str, str]]:
    with get_session_factory()() as session:
        query = sa.select(TaskLog.kind, TaskLog.status).order_by(TaskLog.id)
        return [tuple(row) for row in session.execute(query)]


worker = start_worker()
try:
    until(lambda: "queues" in tables())  # the first start makes them
    accept()
    until(lambda: "step 3 begins" in effects())
    print("before the kill:", *effects(), *rows(), sep="\n  ")
    worker.kill()
    (folder / "go").touch()
    worker = start_worker()
    until(lambda: rows()[-1][1] == "completed")
    print("afterwards:", *effects(), *rows(), sep="\n  ")
finally:
    worker.stop()

# %% [markdown] slideshow={"slide_type": "fragment"}
# The e-mail was sent **once**. The second step made one row. The third step
# began twice: it was the one that the kill interrupted. A step runs at least
# once, so it has to be idempotent: step 2 looks for its row first, by a
# unique key.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Look at the record
#
# This is what DBOS keeps, in the same file as the data:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "How does a workflow know which steps have
# ended?" Expect three wrong answers: it remembers the line in the code; the
# broker knows; the steps look for their own effects. Then ask what happens
# when a new version of the code has one more step, while workflows of the old
# version still run. The stage names its version (`application_version`); its
# comment says when to change it.

# %% slideshow={"slide_type": "fragment"}
with closing(sqlite3.connect(folder / "tasks.db")) as connection:
    steps = connection.execute(
        "SELECT function_id, function_name, output FROM operation_outputs"
        " ORDER BY function_id"
    ).fetchall()
    status = connection.execute(
        "SELECT name, status FROM workflow_status WHERE name = 'run'"
    ).fetchall()
print("the workflow:", *status)
table(
    ["step", "function", "what it returned"],
    [
        [step, name, pickle.loads(base64.b64decode(output))]
        for step, name, output in steps
    ],
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The second step returned the ID of the row that the third one runs. When a
# workflow runs again, it reads this table at each step. So the code *between* the
# steps must do the same each time: it may use no clock, no random number and no
# database. They belong in a step, whose result is recorded.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: roll back
#
# With SQLite and with PostgreSQL, the job is in the transaction of the data. How
# many new workflows are there after a rollback?

# %% slideshow={"slide_type": "skip"}
# Write your guess here:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 1 minute.** Ask: "How many new workflows are there?" Expect three
# wrong answers: one, which finds no row; one, which waits; it depends on the
# database.

# %% slideshow={"slide_type": "fragment"}
def workflows() -> int:
    with closing(sqlite3.connect(folder / "tasks.db")) as connection:
        query = "SELECT count(*) FROM workflow_status WHERE name = 'run'"
        return connection.execute(query).fetchone()[0]


before = len(rows()), workflows()
try:
    with get_session_factory().begin() as session:
        log = TaskLog(
            kind="run-task", task_name="order", payload={"task_name": "order"}
        )
        session.add(log)
        session.flush()
        DBOSQueue().publish_in(session, log.id)
        raise RuntimeError("the customer has no address")
except RuntimeError as error:
    print(error)
print("new rows:", len(rows()) - before[0])
print("new workflows:", workflows() - before[1])

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The application runs the tasks, and nobody else
#
# With SQLite there is one process. It starts more slowly than stage 6, because
# DBOS makes and checks its tables. When DBOS starts, it recovers the workflows
# of the process with *its name*. So a second process would take over what the
# first one is doing. What happens when we start a second one?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "What does a second process do?" Expect three
# wrong answers: it takes half of the tasks; it runs every task a second time;
# it waits until the first one ends.

# %% slideshow={"slide_type": "fragment"}
from stages.s11_dbos.app import app

began = time.monotonic()
logging.disable(logging.INFO)
with mailbox() as box, running(app) as server:
    print(f"the start took {time.monotonic() - began:.1f} s, here and now")
    happened = server.send("POST", "/send-email/", json=LETTER)
    until(lambda: len(rows()) == 4 and rows()[-1][1] == "completed")
    print("arrived:", [mail.recipients for mail in box.wait_for(1)])
    second = subprocess.run(
        [sys.executable, "-m", stage.__name__],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
logging.disable(logging.NOTSET)
print(*rows()[-2:], sep="\n")
line = second.stderr.splitlines()[-1]
print("a second process:", line.rpartition("StartError: ")[2])

# %% slideshow={"slide_type": "fragment"}
happened

# %% [markdown] slideshow={"slide_type": "fragment"}
# The response comes first, and the work comes afterwards, in threads of the
# same process. The second process does not start: `data/dbos.lock` is locked.
# With PostgreSQL there may be many workers. Each has a name, and a worker that
# was killed is started with its name again:
# `python -m stages.s11_dbos.worker first`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One picture of request and task
#
# `followed` tells each process that starts in this block to write down when
# it publishes, begins and ends a task. The stage has no line for it. Here the
# worker is the application's own process:

# %% slideshow={"slide_type": "fragment"}
from course.lesson import followed

logging.disable(logging.INFO)
with followed() as across, mailbox(), running(app) as server:
    happened = server.send("POST", "/send-notification/ada@example.com")
    happened = across(happened)  # waits for the task
logging.disable(logging.NOTSET)
happened

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The whole stage

# %% slideshow={"slide_type": "fragment"}
source(stage)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - divide a task into steps, and say what runs again after a kill;
# - put what differs from run to run into a step;
# - run durable tasks without a broker and without a server.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see | where |
# |---|---|---|
# | the task is one long step | it begins again at its first line | [stage 10](10_procrastinate.ipynb) |
# | a step is not idempotent | its effect is there twice | step 3 began twice, above |
# | two processes of one name | each recovers what the other one does | above: it is refused |
# | a job is published outside of the transaction | a job without a row | above: it is rolled back |
# | the steps change, the version does not | an old workflow gets a new step's record | the comment in the stage |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 13](../exercises/ex13_task_queue.py), if you have not
# done it. Then [which engine](which_engine.ipynb): all of them side by side.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Questions that you can now answer
#
# These are real questions from GitHub issues and forums. Each one has an
# answer: a small application that you can run. In a terminal, type for example
# `python3 start.py ask 17`.

# %% slideshow={"slide_type": "fragment"}
from course.lesson import questions

questions("11")
