"""How do I run a background task later: with a delay, or at a given time?

Answer: A background task starts right after the response and knows no delay. A
`def` task that sleeps for 10 minutes, to send an email later, keeps one of 40
threads until then. A restart forgets it, because nothing else knows that it
was to run.

Instead: Ask an engine: `apply_async(countdown=600)` or `eta=` in Celery,
`enqueue_in` in RQ, `configure(schedule_in=…)` in Procrastinate. The message
waits in the broker or in the database. In Celery with Redis keep it below
`visibility_timeout` (an hour), or the message is delivered again and again;
for days, store the time in a row that a periodic job reads.

Since: all versions.

Proof: https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html
("Visibility timeout").

Asked: https://github.com/fastapi/fastapi/issues/520
https://github.com/fastapi/fastapi/pull/9910
https://github.com/celery/celery/issues/2599
https://github.com/celery/celery/issues/4766

Deeper: stage 7, notebooks/07_celery.ipynb,
https://docs.celeryq.dev/en/stable/userguide/calling.html
"""

import os
import time
from collections.abc import Callable
from typing import Annotated

from anyio.to_thread import current_default_thread_limiter
from celery import Celery
from fastapi import BackgroundTasks, Depends, FastAPI

DELAY = 0.1  # seconds; at work: 600
app = FastAPI()
celery = Celery("q47", broker=os.environ.get("REDIS_URL", "memory://"))
Sleep = Callable[[float], object]


def get_sleep() -> Sleep:
    return time.sleep


def work(sleep: Sleep) -> None:
    sleep(DELAY)
    remind()


@celery.task
def remind() -> None:
    """Send the reminder."""


@app.post("/wrong", status_code=202)
async def lets_a_thread_sleep(
    background_tasks: BackgroundTasks,
    sleep: Annotated[Sleep, Depends(get_sleep)],
) -> None:
    background_tasks.add_task(work, sleep)


@app.post("/right", status_code=202)
async def lets_a_message_wait() -> None:
    remind.apply_async(countdown=DELAY)


@app.get("/threads")
async def busy_threads() -> int:
    return current_default_thread_limiter().borrowed_tokens
