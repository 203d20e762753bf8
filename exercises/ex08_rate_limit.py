"""Exercise 8: a token bucket decides who gets a task.

Story
    The shop's mail provider takes one message every two seconds, and five at
    the same time if nothing was sent for a while. Yesterday a script asked for
    thousands of notifications. If there are too many requests, the shop wants
    to refuse the rest immediately, and to say when the client may try again.

Build
    A bucket holds tokens. Each notification takes one. New ones come in all
    the time, but never more than the bucket can hold.

    `TokenBucket(capacity, refill_per_second, clock)` starts full.
    - `try_take(tokens=1)` takes that many tokens and returns 0.0. If there
      are too few, it takes none, and returns the number of seconds until
      there are enough. It is a plain `def`.
    - Tokens come back continuously: with a rate of 0.5 there is half a token
      after one second. Only the time on the bucket's clock counts, and not
      how often `try_take` is called. There are never more than `capacity`.
    - `clock()` returns seconds. If the clock goes back, no tokens are added
      or taken away, and no wait gets longer. New tokens come again only when
      the clock is later than its latest time so far.
    - Two threads that ask at the same moment never get the same token.
    - A capacity below 1, and a rate of 0 or less, raise a ValueError.

    `get_bucket` returns one bucket for the whole application. The first
    request makes it, with CAPACITY, REFILL_PER_SECOND and the clock from
    `get_clock`. There must be only one bucket, even if the first two requests
    come at the same moment. (FastAPI calls a `def` dependency in a worker
    thread, so two threads can run it at the same time.)

    `get_limited_task` calls `try_take` once in each request, and uses nothing
    else of the bucket. It returns the task from `get_notification_task`, or
    it refuses the request: status 429, with a header `Retry-After` that says
    how many seconds to wait, as a whole number, rounded up, at least 1. Then
    no task is started.

    `POST /send-notification/{email}` (ready) answers 202 and runs the task
    after the response. An invalid address is a 422 and starts no task; you
    decide whether it costs a token.

    If you want to do more (not checked): make a bucket for each client.
    `request.client` has the client's address, but may be None.

Names that the checks use
    app                    the application
    TokenBucket            as above
    CAPACITY               how many tokens the application's bucket holds
    get_clock              returns a function that returns seconds (ready)
    get_bucket             returns the application's one bucket
    get_notification_task  returns the work: it takes email and message (ready)
    get_limited_task       returns the work, or refuses the request
    The checks replace get_clock, get_bucket and get_notification_task through
    `app.dependency_overrides`: get each of them through Depends. The task may
    be a `def` or an `async def`.
    Do not change these names. (ready) means: already written.

Now on a queue (not graded)
    Start two processes, `uvicorn exercises.ex08_rate_limit:app --workers 2`:
    how many requests get through before the first 429? Two processes cannot
    share a variable. So write a bucket with the same `try_take` that keeps
    its two numbers (tokens and time) in Redis, and changes both in one step
    there, for example with a Lua script. `python3 start.py broker` runs a
    Redis. `get_bucket` must return this bucket. Then use it in the endpoints
    of stages/s06_at_work/app.py: a refused request must write no row. Celery
    has an option `rate_limit` for a task, such as `run` in
    stages/s07_celery/worker.py. It counts in each worker separately, and
    answers no request with 429: what is it good for?

Builds on exercise 4 and on stages/s03_chained_dependencies.py. To try it
yourself: python3 start.py try 8

Notebook: notebooks/projects.ipynb
"""

import time
from collections.abc import Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import EmailStr

CAPACITY = 5
REFILL_PER_SECOND = 0.5

Clock = Callable[[], float]  # seconds since some moment
NotificationTask = Callable[[str, str], object]  # address, message


class TokenBucket:
    # TODO: check the numbers, start full, and add tokens by the clock's time.
    def __init__(
        self, capacity: int, refill_per_second: float, clock: Clock
    ) -> None:
        raise NotImplementedError("TokenBucket can't be made yet")

    def try_take(self, tokens: int = 1) -> float:
        """Return 0.0, or the seconds until there are enough."""
        raise NotImplementedError("try_take takes nothing yet")


def get_clock() -> Clock:
    """Return a clock that nobody can put back (ready)."""
    return time.monotonic


def get_bucket() -> TokenBucket:
    # TODO: return the same bucket in all requests, with get_clock's clock.
    raise NotImplementedError("get_bucket gives no bucket yet")


def send_notification(email: str, message: str) -> None:
    """Imitate a mail server (ready)."""
    print(f"To {email}: {message}")


def get_notification_task() -> NotificationTask:
    """Provide the work (ready)."""
    return send_notification


def get_limited_task() -> NotificationTask:
    # TODO: get bucket and work through Depends; return the work, or refuse
    # with 429.
    raise NotImplementedError("get_limited_task limits nothing yet")


app = FastAPI(title="Exercise 8")
LimitedDep = Annotated[NotificationTask, Depends(get_limited_task)]


@app.exception_handler(NotImplementedError)
async def to_do(_: Request, error: NotImplementedError) -> JSONResponse:
    """Say what is still to do (ready)."""
    return JSONResponse({"to do": str(error)}, 501)


@app.post("/send-notification/{email}", status_code=202)
async def send(
    email: EmailStr,
    tasks: BackgroundTasks,
    task: LimitedDep,
    message: str = "Hello!",
) -> dict[str, str]:
    """Add the task from get_limited_task (ready)."""
    tasks.add_task(task, email, message)
    return {"message": "Notification scheduled"}
