# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 6 · A task outlives its process
#
# *20 minutes · builds on [stage 5](05_task_tracker.ipynb) ·
# the code is [stages/s06_survive_restart](../stages/s06_survive_restart/app.py)*
#
# A background task lives in the memory of one process. What is left of it
# when that process is killed: by a power cut, by a container's limit, by
# somebody's `kill -9`?
#
# Stage 5 leaves a row that says "scheduled" or "started", for ever. Nobody
# else can run it: the row has the task's *name*, its arguments are not stored.
# This stage puts them into the row too. Then **the row is
# enough**, and whoever starts next can run it.

# %% slideshow={"slide_type": "skip"}
from course.labs.crash.shown import crash, stored
from course.lesson import new_in, pretty, running, source
from stages.s06_survive_restart import app as web
from stages.s06_survive_restart import runner, tasks

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Predict
#
# Sixty notifications are accepted: sixty times the client reads "Notification
# sent in the background". When about half of them are done, the process is
# killed and started again. How many of the rest will be done?

# %% slideshow={"slide_type": "fragment"}
killed = crash("BackgroundTasks")
killed

# %% [markdown] slideshow={"slide_type": "subslide"}
# None. Each cell is a task, and its effect is a line in a file, which is where
# they are counted. The lab is `python3 start.py crash`.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Let them say who would notice, at work, and when. Then ask what
# the row of a lost task says in stage 5, and what one could do with it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One cut, three files
#
# - `tasks.py` has all that a task is and needs. A worker can import it, and
#   does not get the web application with it.
# - `runner.py` is the seam: how a task leaves the request.
# - `app.py` has the endpoints and the lifespan.

# %% slideshow={"slide_type": "skip"}
new_in("s06")

# %% [markdown] slideshow={"slide_type": "subslide"}
# An endpoint only says *what* is to be done, and with which plain values.
# `enqueue` writes that down, **commits**, and then tells somebody:

# %% slideshow={"slide_type": "fragment"}
source(web.run_task)

# %% slideshow={"slide_type": "fragment"}
source(runner.TaskRunner.enqueue)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## See it

# %% slideshow={"slide_type": "fragment"}
with running(web.app) as server:
    happened = server.send("POST", "/send-notification/ada@example.com")
happened

# %% [markdown] slideshow={"slide_type": "subslide"}
# The response comes first, as ever. And this is the row:

# %% slideshow={"slide_type": "fragment"}
with tasks.get_session_factory()() as db:
    row = db.get_one(tasks.TaskLog, 1)
names = ["task", "payload", "status", "attempts", "runner", "lease"]
pretty({name: getattr(row, name) for name in names})

# %% [markdown] slideshow={"slide_type": "subslide"}
# `task` says which function of `get_tasks` runs it, `payload` what that is
# told: JSON, checked by Pydantic when it is written and again when it is
# read. No object of Python's is in it, so any process can run it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Who may run it?
#
# A worker that reads "started" in a row cannot tell whether the previous one
# died or is still working. So whoever takes a task takes it for some seconds, the
# **lease**, and renews it while he works. A row whose lease is over is
# *overdue*, and anybody may have it. Of two who try, one gets it:

# %% slideshow={"slide_type": "fragment"}
source(tasks.claim)

# %% [markdown] slideshow={"slide_type": "subslide"}
# It is one `UPDATE`, with its conditions in the `WHERE`: no reading first and
# writing then, where a second one could come between. And `attempts` counts:
# a late worker sees a newer attempt number, and its transaction is rolled back.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Kill it
#
# The same sixty, the same kill:

# %% slideshow={"slide_type": "fragment"}
survived = crash("BackgroundTasks", "course", wait=15)
survived

# %% slideshow={"slide_type": "fragment"}
(run,) = survived.rows
print("done when it was killed:", run.before)
print("lost:", run.lost)
print("all done after", run.seconds, "s, with a lease of 4 s")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Is one of them done twice? A process that is killed *between* the effect and
# the record leaves a task that is done and does not look like it. This is
# called **at least once**, and no program escapes it. But each of these tasks
# left a second effect, a row in the same database as the record, and there
# both are one transaction:

# %% slideshow={"slide_type": "fragment"}
print("there once: ", run.in_database.count("1"))
print("not there:  ", run.in_database.count("0"))

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Two columns on the board: effects in the same database, and
# effects outside (an e-mail, a payment, a file). For the second, the receiver
# has to know that it is the same one: the e-mail has the same `Message-ID` at
# each try, a payment service takes an idempotency key.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: a server that is not there for a moment
#
# A notification whose first try meets a server that is down:

# %% slideshow={"slide_type": "fragment"}
import logging
import time

tries = []


def get_flaky() -> tasks.NotificationTask:
    def notify(email: str, message: str) -> None:
        tries.append(email)
        if len(tries) == 1:
            raise ConnectionError("nobody is there")

    return notify


def states(server: object, until: str) -> list[str]:
    """Ask for the newest row until it has come to this end."""
    seen: list[str] = []
    for _ in range(200):
        newest = server.client.get("/task-logs/").json()[-1]
        state = f"{newest['status']}, attempts: {newest['attempts']}"
        seen += [] if seen[-1:] == [state] else [state]
        if newest["status"] == until:
            return [*seen, f"error: {newest['error']}"]
        time.sleep(0.05)
    raise TimeoutError(seen)


logging.disable()
web.app.dependency_overrides[tasks.get_notification_task] = get_flaky
with running(web.app) as server:
    server.client.post("/send-notification/bob@example.com")
    print(*states(server, "completed"), sep="\n")

# %% [markdown] slideshow={"slide_type": "subslide"}
# What may work later is tried again, after a pause that doubles. An override
# works here as in any request, although the second try has no request: the
# library `taskiq-dependencies` resolves the same `Depends`.
#
# And what will *never* work is not tried again. It is **dead**, with its
# reason:

# %% slideshow={"slide_type": "fragment"}


def get_hopeless() -> tasks.NotificationTask:
    def notify(email: str, message: str) -> None:
        raise ValueError("there is no such template")

    return notify


web.app.dependency_overrides[tasks.get_notification_task] = get_hopeless
with running(web.app) as server:
    server.client.post("/send-notification/eve@example.com")
    print(*states(server, "dead")[-2:], sep="\n")
web.app.dependency_overrides.clear()
logging.disable(logging.NOTSET)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Its limits
#
# It is **one process**: two would share neither threads nor memory, only the
# rows, and the forty threads of [stage 5](05_task_tracker.ipynb) are still
# shared with those who ask. More of uvicorn's workers are refused, in a
# sentence:

# %% slideshow={"slide_type": "fragment"}
import os
import subprocess
import sys

done = subprocess.run(
    [sys.executable, "-m", "uvicorn", "stages.s06_survive_restart.app:app"],
    env=os.environ | {"WEB_CONCURRENCY": "2"},
    capture_output=True,
    text=True,
    check=False,
    timeout=60,
)
(said,) = {line for line in done.stderr.splitlines() if "Error:" in line}
print(said.strip())

# %% [markdown] slideshow={"slide_type": "subslide"}
# And this is what five kills with two hundred tasks each came to, as it is
# kept with the course:

# %% slideshow={"slide_type": "fragment"}
stored("BackgroundTasks")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - write a row that is enough to run a task, and commit it before anybody is
#   told;
# - let a task be taken by one of many, and taken over from the dead;
# - say what is done once, what at least once, and what to do about it;
# - tell an error that passes from one that stays.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see |
# |---|---|
# | the task is only in memory | a killed process takes it along |
# | the row has a name and no payload | "scheduled" for ever |
# | who works on it does not say so | two do it, or nobody dares |
# | effect and record in two transactions | done twice after a kill |
# | everything is tried again | a hopeless task runs for ever |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 13](../exercises/ex13_task_queue.py), in which you build
# such a row and its runner. Then [stage 7](07_celery.ipynb): workers of their
# own, and nothing of this stage changes.
