# %% [markdown] slideshow={"slide_type": "slide"}
# # The five projects
#
# *30 minutes · builds on [testing](testing.ipynb)*
#
# Here are five applications that somebody might ask you to write. Each takes
# about an hour. You see each of them **run**, and you see why the most natural
# wrong answer is **wrong**. You write the code yourself, in exercises 8 to 12:
# this notebook runs their solutions, but does not show the code.

# %% slideshow={"slide_type": "skip"}
import asyncio
import time
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException

from course.lesson import pretty, running, send, start_afresh

_ = start_afresh()

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 · A rate limit
#
# *A mail provider accepts five messages at once, and then one every two
# seconds. Refuse all further messages, and tell the client when to try again.*
# The solution is a **token bucket**: each notification takes a token, and new
# tokens are added at a fixed rate.
#
# We send seven requests at the same moment, and one more four seconds later.
# The clock is a dependency. We override it, so nobody waits four seconds:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "Where does the bucket live?" Expect three
# wrong answers: in the dependency; in the task; in an `@lru_cache`. If the
# *task* used the bucket, the client would get a 202 for a message that is
# never sent.

# %% slideshow={"slide_type": "fragment"}
from solutions import ex08_rate_limit as limiting

PATH = "/send-notification/ada@example.com"
now = 0.0


def get_test_clock() -> limiting.Clock:
    return lambda: now


def get_silent_task() -> limiting.NotificationTask:
    return lambda email, message: None


overrides = limiting.app.dependency_overrides
overrides[limiting.get_clock] = get_test_clock
overrides[limiting.get_notification_task] = get_silent_task

with running(limiting.app) as server:
    for _ in range(7):
        happened = server.send("POST", PATH)
        wait = happened.response.headers.get("retry-after")
        print(happened.status, f"Retry-After: {wait}" if wait else "")
    refused = happened
    now = 4.0
    print("four seconds later:", server.send("POST", PATH).status)

# %% slideshow={"slide_type": "subslide"}
refused

# %% [markdown] slideshow={"slide_type": "subslide"}
# The limit is a **dependency that raises an exception**. The endpoint never began,
# so there is no task to stop.
#
# **The natural wrong answer** makes the bucket in the dependency. FastAPI calls a
# dependency for each request, so each request finds a full bucket:


# %% slideshow={"slide_type": "fragment"}
def get_new_bucket() -> limiting.TokenBucket:
    return limiting.TokenBucket(
        limiting.CAPACITY, limiting.REFILL_PER_SECOND, lambda: now
    )


overrides[limiting.get_bucket] = get_new_bucket
with running(limiting.app) as server:
    print(*(server.send("POST", PATH).status for _ in range(7)))
overrides.clear()

# %% [markdown] slideshow={"slide_type": "subslide"}
# The next wrong answer keeps one bucket in `@lru_cache` or in a global
# variable, and makes it in a `def`, which runs in worker threads. Before there
# is a bucket, we send twenty requests at once. How many buckets are made?

# %% slideshow={"slide_type": "fragment"}
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from threading import Barrier, BrokenBarrierError

made: list[object] = []
together = Barrier(2)


@lru_cache
def get_one_bucket() -> object:
    made.append(object())
    with suppress(BrokenBarrierError):
        together.wait(10)  # until a second request makes a bucket, too
    return made[-1]


racing = FastAPI()


@racing.post("/")
def take(bucket: Annotated[object, Depends(get_one_bucket)]) -> None:
    pass


with running(racing) as server, ThreadPoolExecutor(20) as clients:
    list(clients.map(server.client.post, ["/"] * 20))
print("more than one bucket:", len(made) > 1)

# %% [markdown] slideshow={"slide_type": "subslide"}
# `lru_cache` remembers a value only after the function has *returned* it. A
# request that arrives earlier calls the function again. To have only one
# bucket, make it in the lifespan, or in an `async def` without an `await`. You
# also need a lock: between reading the number of tokens and writing it back, no
# other thread may do the same.
#
# → [Exercise 8](../exercises/ex08_rate_limit.py)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 · Retry, but not everything
#
# *A mail server answers 451, "try again later", or 550, "there is no such
# address". A retry helps in the first case, and never in the second.*
#
# A transport is the function that sends a mail. This one behaves like a server
# with problems: it answers 451 for Bob twice, and 550 for Eve. Our `sleep` does
# not wait: it only remembers the pauses.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "What do you retry?" Expect three wrong
# answers: the whole delivery; every `OSError`; every refused recipient. Then
# ask for each reply whether a retry helps: 421 (server closes), 452 (disk
# full), 535 (login refused), 552 (mailbox full). A first digit of 4 means
# "temporary", 5 means "permanent". Then ask why the pause has a random part.

# %% slideshow={"slide_type": "fragment"}
from solutions import ex09_email_retry as retrying

MAIL = {
    "subject": "Your order",
    "body": "It is on its way.",
    "recipients": ["ada@example.com", "bob@example.com", "eve@example.com"],
}


class BadDay:
    def __init__(self) -> None:
        self.tries: list[list[str]] = []
        self.served: list[str] = []

    def __call__(
        self, message: retrying.EmailContent, recipients: list[str]
    ) -> dict[str, retrying.Reply]:
        self.tries.append([who.partition("@")[0] for who in recipients])
        refused = {}
        for who in recipients:
            if who.startswith("eve"):
                refused[who] = (550, b"there is nobody of that name")
            elif who.startswith("bob") and len(self.tries) < 3:
                refused[who] = (451, b"try again later")
            else:
                self.served.append(who.partition("@")[0])
        return refused


def try_delivery(**instead: object) -> None:
    day, pauses = BadDay(), []
    letters: list[retrying.DeadLetter] = []

    async def sleep(seconds: float) -> None:
        pauses.append(round(seconds, 1))

    overrides = retrying.app.dependency_overrides
    overrides[retrying.get_transport] = lambda: day
    overrides[retrying.get_sleep] = lambda: sleep
    overrides[retrying.get_dead_letters] = lambda: letters
    for name, other in instead.items():
        overrides[getattr(retrying, name)] = other
    status = send(retrying.app, "POST", "/send-email/", json=MAIL).status
    overrides.clear()
    print(f"{status}, tries: {day.tries}")
    print("mails:", day.served, "· pauses:", pauses)
    print("dead:", [(x.recipients[0], x.reason) for x in letters])


# %% slideshow={"slide_type": "subslide"}
import logging

logging.disable(logging.WARNING)  # a line for each try that fails
try_delivery()

# %% [markdown] slideshow={"slide_type": "subslide"}
# First everybody gets one try. Then only Bob is tried again, after pauses that
# double. Eve's mail is a **dead letter** at once: nobody tries it again, and
# the reason is kept, in the server's own words.
#
# **The natural wrong answer** is a loop around the whole delivery, with
# `except OSError`, to catch network errors:

# %% slideshow={"slide_type": "fragment"}
import smtplib


def get_stubborn_delivery(
    transport: Annotated[retrying.Transport, Depends(retrying.get_transport)],
) -> object:
    async def deliver(message: retrying.EmailContent) -> None:
        for _ in range(5):
            try:
                if not transport(message, message.recipients):
                    return
            except OSError:
                await asyncio.sleep(0)

    return deliver


try_delivery(get_delivery=get_stubborn_delivery)
print("a 550 is an OSError:", issubclass(smtplib.SMTPDataError, OSError))
logging.disable(logging.NOTSET)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Ada gets the mail five times, and nobody learns that Eve got none. Decide
# **for each recipient** whether a retry helps, by the *server's answer*. The
# line `except OSError` cannot tell: every exception of `smtplib` is an
# `OSError`, also a permanent refusal.
#
# → [Exercise 9](../exercises/ex09_email_retry.py)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 · Files, processed in the background
#
# *Partners upload lists. It takes a while to count and check them. After a 202,
# partners delete the original.* So every byte must be stored **before** the
# response, and only the counting may come after it.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "Under which name do you store a file, and when
# do you read it?" Expect three wrong answers: under its own name; under its
# own name without `..`; in the task. Live: run `uvicorn
# solutions.ex10_file_processing:app`, and send `../evil.txt` as the filename:
# `curl -F "files=@orders.csv;filename=../evil.txt" localhost:8000/files/`. Ask
# what would happen, in the application below, with a path to somebody's
# `.ssh/authorized_keys`.

# %% slideshow={"slide_type": "fragment"}
import tempfile
from pathlib import Path

from solutions import ex10_file_processing as files

outside = tempfile.TemporaryDirectory()
storage = Path(outside.name, "a", "storage")
storage.mkdir(parents=True)


def get_test_storage() -> Path:
    return storage


files.app.dependency_overrides[files.get_storage] = get_test_storage

UPLOADS = [
    ("files", ("orders.csv", b"1,tea\n2,milk\n")),
    ("files", ("../../evil.txt", b"I was here")),
]
with running(files.app) as server:
    happened = server.send("POST", "/files/", files=UPLOADS)
    ids = [accepted["id"] for accepted in happened.json]
    known = [server.send("GET", f"/files/{known}").json for known in ids]
print("in the storage:", len(list(storage.iterdir())))
print("outside of it: ", [p.name for p in storage.parents[1].glob("*.txt")])
pretty([{k: f[k] for k in ("filename", "status", "lines")} for f in known])

# %% slideshow={"slide_type": "subslide"}
happened

# %% [markdown] slideshow={"slide_type": "subslide"}
# The second file is an attack, but it does no harm: the application chooses
# the name on the disk itself.
#
# **The natural wrong answer** uses the client's file name. Many examples on the
# web do that:

# %% slideshow={"slide_type": "fragment"}
from fastapi import UploadFile

trusting = FastAPI()


@trusting.post("/files/", status_code=202)
def upload(files: list[UploadFile]) -> None:
    for each in files:
        (storage / str(each.filename)).write_bytes(each.file.read())


with running(trusting) as server:
    print(server.client.post("/files/", files=UPLOADS).status_code)
print("outside of it: ", [p.name for p in storage.parents[1].glob("*.txt")])

# %% slideshow={"slide_type": "skip"}
files.app.dependency_overrides.clear()
outside.cleanup()

# %% [markdown] slideshow={"slide_type": "subslide"}
# The file is two folders above the storage. With an absolute path as its name,
# it could be anywhere on the disk.
#
# Another wrong answer reads the upload *in the task*. With today's FastAPI that
# works. With 0.106 to 0.117 the upload was already closed. You know this from
# [stage 5](05_task_tracker.ipynb): a task must not use what belongs to the
# request.
#
# → [Exercise 10](../exercises/ex10_file_processing.py)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 · Many channels: if one fails, the others still send
#
# *There are three channels: e-mail, SMS and push. Each has a provider, and
# each provider is sometimes down.* Here the e-mail's provider is down, and a
# pigeon replaces push:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "How do you send to three channels?" Expect
# three wrong answers: one background task for each (in stage 4, the first
# failing task stopped the rest); one after the other in a loop without `try`; a
# `TaskGroup`. Ask what a `TaskGroup` does with a *slow* SMS when the e-mail
# fails.

# %% slideshow={"slide_type": "fragment"}
from solutions import ex11_notification_channels as channels


class Channel:
    def __init__(self, name: str, broken: bool = False) -> None:
        self.name, self.broken = name, broken

    async def send(self, recipient: str, message: str) -> None:
        await asyncio.sleep(0.2)
        if self.broken:
            raise ConnectionError(f"the {self.name} provider is down")


def get_broken_email() -> Channel:
    return Channel("email", broken=True)


def get_sms() -> Channel:
    return Channel("sms")


def get_pigeon() -> Channel:
    return Channel("pigeon")


overrides = channels.app.dependency_overrides
overrides[channels.get_email_channel] = get_broken_email
overrides[channels.get_sms_channel] = get_sms
overrides[channels.get_push_channel] = get_pigeon

PARCEL = {
    "recipient": {
        "email": "ada@example.com",
        "sms": "+41791234567",
        "pigeon": "the third roof",
    },
    "message": "Your parcel is here",
    "channels": ["email", "sms", "pigeon"],
}
with running(channels.app) as server:
    happened = server.send("POST", "/notify/", json=PARCEL)
    report = server.send("GET", f"/notify/{happened.json['id']}").json
overrides.clear()
pretty(report["channels"])

# %% slideshow={"slide_type": "subslide"}
happened

# %% [markdown] slideshow={"slide_type": "subslide"}
# Three channels of 0.2 seconds each took about 0.2 seconds together. The
# pigeon needed no change in the application: the channels come from
# dependencies, and each channel has its name.
#
# **The natural wrong answer** is one background task for each channel:

# %% slideshow={"slide_type": "fragment"}
each = FastAPI()


async def send_email() -> None:
    await Channel("email", broken=True).send("ada@example.com", "Hi!")


async def send_sms() -> None:
    await Channel("sms").send("+41791234567", "Hi!")


@each.post("/notify/", status_code=202)
async def notify(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(send_email)
    background_tasks.add_task(send_sms)


send(each, "POST", "/notify/")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The tasks of a request run one after the other, and the first failure stops the
# rest. asyncio's `TaskGroup` does not help: it cancels the others when one fails.
#
# → [Exercise 11](../exercises/ex11_notification_channels.py)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 · A progress bar
#
# *A report takes minutes. The user who ordered it wants to see a progress bar,
# and a button "Stop".* Our job has four steps. The server sends an event after
# each change, and a client reads these events:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "How does the state get from the task to the
# browser?" Expect three wrong answers: the task sends it to the client; one
# queue for all listeners; the response waits for the task. Live: run `uvicorn
# solutions.ex12_progress:app`, and start a job with `curl --json
# '{"steps": 60}' localhost:8000/jobs/`. In two terminals, run `curl -N
# localhost:8000/jobs/ID/events` with the job's `id`, and press Ctrl-C in one of
# them. The other one goes on. Then run `curl -X DELETE
# localhost:8000/jobs/ID`.

# %% slideshow={"slide_type": "fragment"}
import json

from solutions import ex12_progress as progress


async def step(number: int) -> None:
    await asyncio.sleep(0.1)


progress.app.dependency_overrides[progress.get_step] = lambda: step

with running(progress.app) as server:
    job = server.client.post("/jobs/", json={"steps": 4}).json()
    print("the answer:", job["status"])
    with server.client.stream("GET", f"/jobs/{job['id']}/events") as events:
        for line in events.iter_lines():
            if line.startswith("data:"):
                state = json.loads(line.removeprefix("data:"))
                print(state["status"], state["percent"], "percent")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The events came *while the task was running*. The task does not send its
# states to the listeners: it keeps only the newest state, and each listener
# reads it.
#
# **One natural wrong answer** is in the arithmetic. 199 of 200 steps are done, and
# the bar says:

# %% slideshow={"slide_type": "fragment"}
print("rounded:", round(100 * 199 / 200), "percent")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Another one is in the stream**: the generator checks whether the job exists. But
# when the first line of the generator runs, the status 200 is already sent:

# %% slideshow={"slide_type": "fragment"}
from collections.abc import AsyncIterator

import httpx2
from fastapi.sse import EventSourceResponse

asking = FastAPI()


@asking.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def follow(job_id: str) -> AsyncIterator[str]:
    if job_id != "known":
        raise HTTPException(404, "There is no such job")
    yield "hello"


with running(asking) as server:
    with server.client.stream("GET", "/jobs/other/events") as answer:
        print("in the generator: ", answer.status_code)
        try:
            answer.read()
        except httpx2.RemoteProtocolError:
            print("                   and the connection broke off")
with running(progress.app) as server:
    unknown = server.client.get("/jobs/other/events")
    print("in the dependency:", unknown.status_code, unknown.json()["detail"])
progress.app.dependency_overrides.clear()

# %% [markdown] slideshow={"slide_type": "subslide"}
# A dependency is called before the response begins, so it can still say 404.
#
# → [Exercise 12](../exercises/ex12_progress.py)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Where to go from here
#
# Each of the five runs its tasks in the server's process. If that process is
# killed, the tasks are lost: [stage 5](05_task_tracker.ipynb) showed rows that
# say "started" for ever. For work that must be done there are **task queues**: a
# broker or a database keeps the tasks, and workers take them. After a worker has
# died, its task is redelivered, so it may run *twice*. It must be
# **idempotent**: the second run changes nothing.
#
# With a queue you have at least one more program to operate. Use a queue when
# a lost task costs more than that, or when long or many tasks make requests
# slow. [Stage 6](06_at_work.ipynb) prepares the application for a queue. Stages
# 7 to 11 use five libraries that run one: the course calls them **engines**.
#
# → [Exercise 13](../exercises/ex13_task_queue.py)

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "Which of the five projects would you put on a
# queue first?" Expect three wrong answers: the rate limit, which is no task;
# all five; none, because a restart is rare. Then ask what it would cost if a
# task of the chosen project ran twice.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Further reading
#
# - [FastAPI on background tasks](https://fastapi.tiangolo.com/tutorial/background-tasks/),
#   on [dependencies](https://fastapi.tiangolo.com/tutorial/dependencies/),
#   and on dependencies with [`yield`](https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/)
# - [Celery](https://docs.celeryq.dev), [RQ](https://python-rq.org),
#   [Taskiq](https://taskiq-python.github.io),
#   [Procrastinate](https://procrastinate.readthedocs.io) and
#   [DBOS](https://docs.dbos.dev): engines for tasks
# - [SQLAlchemy on sessions](https://docs.sqlalchemy.org/en/21/orm/session_basics.html):
#   when to open, commit and close them

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Now you can
#
# - build a limit, a retry, an upload, several channels and a progress bar on
#   task dependencies;
# - say what each of them does when something fails;
# - say when a background task is not enough.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see |
# |---|---|
# | a bucket for each request | nobody is ever refused |
# | everything is tried again, for everybody | five mails for Ada |
# | the client's filename is used | a file outside of the storage |
# | a task for each channel | the second channel sends nothing |
# | a 404 raised in a generator | 200, and the connection breaks off |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 8](../exercises/ex08_rate_limit.py), or the exercise of
# the project that you need. Then [stage 6](06_at_work.ipynb): the same
# application, ready for production.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Questions that you can now answer
#
# These are real questions from GitHub issues and forums. Each one has an
# answer: a small application that you can run. In a terminal, type for example
# `python3 start.py ask 23`.

# %% slideshow={"slide_type": "fragment"}
from course.lesson import questions

questions("projects")
