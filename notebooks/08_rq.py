# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 8 · Workers of their own, with RQ
#
# *15 minutes · builds on [stage 7](07_celery.ipynb) ·
# the code is [stages/s08_rq](../stages/s08_rq/worker.py)*
#
# RQ is the small one of the three: a queue is a list in Redis, a job is a
# function's name with its arguments, and a worker *forks* for each job. What
# changes from Celery to RQ? Two short files; nothing else.

# %% slideshow={"slide_type": "skip"}
import os
import time

import sqlalchemy as sa

from course.broker import Broker
from course.folders import data_dir
from course.labs.crash.shown import crash, stored
from course.lesson import new_in, running, source, table
from course.workers import quiet_worker
from stages.s06_survive_restart import tasks
from stages.s08_rq import worker
from stages.s08_rq.app import app

# %% slideshow={"slide_type": "subslide"}
new_in("s08")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What stands in the broker
#
# Two tasks are handed over, and nobody works yet. Predict: of a notification
# to Ada, what can somebody read who looks into the broker?

# %% slideshow={"slide_type": "fragment"}
broker = Broker(data_dir() / "broker")
broker.start()
os.environ["REDIS_URL"] = broker.url
with running(app) as server:
    server.client.post("/send-notification/ada@example.com")
    server.client.post("/run-task/report")

queue = worker.get_queue()
for job in queue.jobs:
    print(job.func_name, job.args)

# %% [markdown] slideshow={"slide_type": "subslide"}
# A number: not Ada's address, and no Python object. RQ would pickle whatever
# it gets, and whoever can write to a broker could run any code in the worker.
# The stage's queue speaks JSON, on both sides:

# %% slideshow={"slide_type": "fragment"}
source(worker.get_queue)

# %% slideshow={"slide_type": "fragment"}
waiting = sa.select(sa.func.count(tasks.TaskLog.id)).where(
    tasks.TaskLog.status != "completed"
)


def left() -> int:
    with tasks.get_session_factory()() as db:
        return db.scalar(waiting)


print("left before:", left())
until = time.monotonic() + 60
with quiet_worker("stages.s08_rq.worker"):
    while left() and time.monotonic() < until:
        time.sleep(0.1)
print("left after: ", left())
broker.kill()

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Ask what a worker has to have for a job to run: the function's
# module, the database's address, the settings for e-mail. Then what must
# *not* be in a job: a session, a row, a closure, a password.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The kill
#
# A worker forks for each job and does one at a time. Predict: how many can it
# lose, as installed?

# %% slideshow={"slide_type": "fragment"}
crash("RQ", tasks=40, wait=10)

# %% [markdown] slideshow={"slide_type": "subslide"}
# At most the job it was running: all others were still in the list. RQ
# finds that job again, but looks for it only now and then: an idle worker, after
# seven minutes. As the stage sets it up:

# %% slideshow={"slide_type": "fragment"}
survived = crash("RQ", "course", tasks=40, wait=15)
survived

# %% slideshow={"slide_type": "fragment"}
stored("RQ")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What a fork costs
#
# A process for each job is a good wall: what a task breaks or leaks is gone
# with it. It has its price. `python3 start.py bench queues` measures it;
# [docs/scaling.md](../docs/scaling.md) has the figures.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - change the engine and leave the endpoints and the tasks alone;
# - say what may cross to a worker, and in which form;
# - look into a queue, and explain what waits there.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see |
# |---|---|
# | jobs are pickled | who can write to the broker can run code |
# | the worker's defaults | a killed worker's job comes back after minutes |
# | results are kept | the broker's memory fills up |
# | a session or a row in the arguments | an error, or a stale copy |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 13](../exercises/ex13_task_queue.py), whose solution uses
# RQ, and [stage 9](09_taskiq.ipynb), with an engine that is `async`.
