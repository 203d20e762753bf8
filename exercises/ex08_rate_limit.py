"""Exercise 8: a token bucket decides who gets a task.

Story
    The shop's mail provider takes one message every two seconds, and five at
    once if nothing was sent for a while. Yesterday a script asked for
    thousands of notifications. The shop wants to refuse what is too much,
    at once, and to say when it is worth trying again.

Build
    A bucket holds tokens. Each notification takes one. New ones come in all
    the time, but never more than the bucket can hold.

    `TokenBucket(capacity, refill_per_second, clock)` starts full.
    - `try_take(tokens=1)` takes that many tokens and returns 0.0. If there
      are too few, it takes none, and returns the number of seconds until
      there are enough. It is a plain `def`.
    - Tokens come back continuously: with a rate of 0.5 there is half a token
      after one second. What counts is the time on the bucket's clock, and not
      how often somebody asks. There are never more than `capacity`.
    - `clock()` returns seconds. If it ever goes back, that alone neither adds
      nor takes tokens, and no wait gets longer. Once it is past the highest
      time it has shown, tokens come back as before.
    - Two threads that ask at the same moment never get the same token.
    - A capacity below 1, and a rate of 0 or less, raise a ValueError.

    `get_bucket` gives one bucket for the whole application, made with
    CAPACITY, REFILL_PER_SECOND and the clock that `get_clock` gives, when the
    first request asks for it. If two first requests come at the same moment,
    it is still one bucket: FastAPI calls a `def` dependency in a worker
    thread, so two can be inside at once.

    `get_limited_task` calls `try_take` once in each request, and uses nothing
    else of the bucket. It gives the task that `get_notification_task` gives,
    or it refuses: status 429, with a header `Retry-After` that says how many
    seconds to wait, as a whole number, rounded up, at least 1. Then no task
    is started.

    `POST /send-notification/{email}` (given) answers 202 and runs the task
    after the response. An invalid address is a 422 and starts no task;
    whether it costs a token is up to you.

    To go on (not checked): a bucket for each client. `request.client` has
    its address, but may be None.

Names the checks rely on
    app                    the application
    TokenBucket            as above
    CAPACITY               how many tokens the application's bucket holds
    get_clock              gives a callable that returns seconds (given)
    get_bucket             gives the application's one bucket
    get_notification_task  gives the work: it takes email and message (given)
    get_limited_task       gives the work, or refuses
    The checks replace get_clock, get_bucket and get_notification_task by
    `app.dependency_overrides`: ask for each through Depends. The task may be
    a `def` or an `async def`.

Now on a queue (not graded)
    Start two processes, `uvicorn exercises.ex08_rate_limit:app --workers 2`:
    how many requests get through before the first 429? What two processes
    share can't be a variable. Give `get_bucket` a bucket of the same
    `try_take` that keeps its two numbers in Redis (`python3 start.py
    broker` runs one) and changes both in one step there: a Lua script does.
    Then let the endpoints in stages/s06_at_work/app.py ask for it: a request
    that is refused writes no row. Celery's own `rate_limit` (in
    stages/s07_celery/worker.py) holds for each worker by itself, and answers
    no request with 429: what is it good for?

Builds on exercise 4 and on stages/s03_chained_dependencies.py. To try it
yourself: uvicorn exercises.ex08_rate_limit:app

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
    # TODO: check the numbers, start full, and take tokens by the clock.
    def __init__(
        self, capacity: int, refill_per_second: float, clock: Clock
    ) -> None:
        raise NotImplementedError("TokenBucket can't be made yet")

    def try_take(self, tokens: int = 1) -> float:
        """Return 0.0, or the seconds until there are enough."""
        raise NotImplementedError("try_take takes nothing yet")


def get_clock() -> Clock:
    """Give a clock that nobody can put back (given)."""
    return time.monotonic


def get_bucket() -> TokenBucket:
    # TODO: give all requests the same bucket, with the clock from get_clock.
    raise NotImplementedError("get_bucket gives no bucket yet")


def send_notification(email: str, message: str) -> None:
    """Stand in for a mail server (given)."""
    print(f"To {email}: {message}")


def get_notification_task() -> NotificationTask:
    """Provide the work (given)."""
    return send_notification


def get_limited_task() -> NotificationTask:
    # TODO: ask for bucket and work; give the work, or refuse with 429.
    raise NotImplementedError("get_limited_task limits nothing yet")


app = FastAPI(title="Exercise 8")
LimitedDep = Annotated[NotificationTask, Depends(get_limited_task)]


@app.exception_handler(NotImplementedError)
async def to_do(_: Request, error: NotImplementedError) -> JSONResponse:
    """Say what is still to do (given)."""
    return JSONResponse({"to do": str(error)}, 501)


@app.post("/send-notification/{email}", status_code=202)
async def send(
    email: EmailStr,
    tasks: BackgroundTasks,
    task: LimitedDep,
    message: str = "Hello!",
) -> dict[str, str]:
    """Add the task that was given (given)."""
    tasks.add_task(task, email, message)
    return {"message": "Notification scheduled"}
