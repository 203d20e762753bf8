# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 1 · Answer first, work afterwards
#
# *20 minutes · builds on [Start here](start_here.ipynb) ·
# the code is [stages/s01_background_tasks.py](../stages/s01_background_tasks.py)*
#
# Somebody presses a button, and something slow has to happen: a mail is sent,
# a file is written, a picture is made smaller. The person at the button needs
# to know that it *will* happen. They need not watch.
#
# FastAPI calls such work a **background task**. The endpoint's response is sent
# first, then the work begins, in the same process. Behind a middleware this
# needs a word more: it stands [below](#behind-a-middleware).

# %% slideshow={"slide_type": "skip"}
from course.lesson import compare, running, send, source
from stages import s01_background_tasks as stage

# %% slideshow={"slide_type": "fragment"}
source(stage.send_notification)

# %% [markdown] slideshow={"slide_type": "subslide"}
# `add_task` gets the *function* and the arguments that it will be called with.
# Nothing is called here: there are no parentheses behind `write_notification`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Predict
#
# One request is about to be sent to this endpoint, on a real server. Put these
# four moments in the order in which you expect them. Edit the list, then run
# the next cells.

# %% slideshow={"slide_type": "fragment"}
moments = [
    "write_notification began",
    "send_notification began",
    "response sent",
    "send_notification ended",
]
guess = [
    "send_notification began",
    "write_notification began",
    "send_notification ended",
    "response sent",
]

# %% slideshow={"slide_type": "fragment"}
happened = send(stage.app, "POST", "/send-notification/ada@example.com")
compare(guess, happened, among=moments)

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Let the class vote before you run it. Most people who come from
# other frameworks put the work before the response: that is what a function
# call inside the endpoint would do. The picture below settles it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## See it
#
# Each row is a function, and the green line is the moment at which the last
# byte of the response left the application. The client's bar ends later: it
# still has to receive and read the response, on the same machine. It may even
# end after a task as short as this one; the next cells show with a slow task
# that the client does not wait for it.

# %% slideshow={"slide_type": "fragment"}
happened

# %% slideshow={"slide_type": "fragment"}
print(happened.status, happened.json)
print(stage.NOTIFICATIONS.read_text())

# %% [markdown] slideshow={"slide_type": "fragment"}
# The answer says "sent", but it left before anything was written. "Accepted"
# would be honest, with status 202.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A slow task keeps nobody waiting
#
# The proof is a slow one. This application is stage 1 with a task that takes
# a third of a second, and next to it the same work called directly.

# %% slideshow={"slide_type": "fragment"}
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def slow_work() -> None:
    time.sleep(0.3)


@app.post("/afterwards")
async def afterwards(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(slow_work)


@app.post("/at-once")
def at_once() -> None:
    slow_work()


with running(app) as server:
    server.send("POST", "/afterwards")  # the first request loads things
    later = server.send("POST", "/afterwards")
    now = server.send("POST", "/at-once")

print(f"work afterwards: the client waits {later.waited * 1000:4.0f} ms")
print(f"work at once:    the client waits {now.waited * 1000:4.0f} ms")

# %% [markdown] slideshow={"slide_type": "subslide"}
# A `TestClient` can't show this: it returns only when the tasks are done. On
# the very same application it waits for the work:

# %% slideshow={"slide_type": "fragment"}
from fastapi.testclient import TestClient

with TestClient(app) as client:
    began = time.perf_counter()
    client.post("/afterwards")
    waited = time.perf_counter() - began

print(f"a TestClient waits {waited * 1000:.0f} ms")

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Say: what you see with a `TestClient` is not what your users
# see. Ask how one could prove "response first" in a test at all; the answer
# comes in the notebook on testing. Live: change 0.3 to 3 and run both cells
# again: only the second number and the `TestClient`'s grow.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Behind a middleware
#
# `@app.middleware("http")` makes a `BaseHTTPMiddleware`. It does not hand the
# response to the server: it reads the response from a stream and sends it on
# itself. The application is done when the last part is in the stream, and the
# server may still be sending it.

# %% slideshow={"slide_type": "fragment"}
behind = FastAPI()
behind.mount("/app", app)


@behind.middleware("http")
async def pass_through(request, call_next):  # type: ignore[no-untyped-def]
    return await call_next(request)


moments = ["afterwards ended", "response sent", "slow_work began"]
happened = send(behind, "POST", "/app/afterwards")
compare(moments, happened, among=moments)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The order holds here because this Starlette waits for it: the middleware sets
# an event, `response_sent`, when the last part has left, and only then the
# task begins. **Before Starlette 1.7, and so on FastAPI 0.118, nothing
# waited**: the task began when the last part was in the stream. A slow client
# still had to receive it, and an `async def` task that blocked held it up.
# [Question 1](../questions/q01_middleware_blocks_the_response.py) shows both;
# a pure ASGI middleware is right on every version.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: parentheses
#
# The most common slip: calling the function while adding it. `add_task` then
# gets what the function returned, which is `None`.

# %% slideshow={"slide_type": "fragment"}
broken = FastAPI()


@broken.post("/welcome")
def welcome(background_tasks: BackgroundTasks) -> str:
    background_tasks.add_task(slow_work())  # type: ignore[func-returns-value]
    return "welcome"


happened = send(broken, "POST", "/welcome")
happened

# %% [markdown] slideshow={"slide_type": "subslide"}
# The work ran *before* the response, and the client waited for it. The client
# got its 200 all the same; the `TypeError` came later, on the server alone.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** To show it live, run `python3 start.py stage 1 --reload` and
# change the stage's line to
# `background_tasks.add_task(write_notification(email, "Hello World!"))`. Ask:
# what did the client get? A 200, so no test of the answer would see it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: an error after `add_task`
#
# A task belongs to a response. When the endpoint raises, another response goes
# out, and the tasks that were added are dropped:

# %% slideshow={"slide_type": "fragment"}
from fastapi import HTTPException

dropped = FastAPI()


@dropped.post("/order")
def order(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(slow_work)
    raise HTTPException(409, "sold out")


send(dropped, "POST", "/order")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The rule is not "errors drop tasks" but "**the endpoint has to return**": an
# endpoint that *returns* a response with status 409 runs its tasks.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: a response of your own
#
# An endpoint may return a response that it made itself, with a task in it. A
# response has one place for tasks. Whose is it?

# %% slideshow={"slide_type": "fragment"}
from fastapi import Response
from starlette.background import BackgroundTask

own = FastAPI()


def own_work() -> None:
    print("the response's own task ran")


@own.post("/")
def answer(background_tasks: BackgroundTasks) -> Response:
    background_tasks.add_task(slow_work)
    return Response("done", background=BackgroundTask(own_work))


happened = send(own, "POST", "/")
happened

# %% [markdown] slideshow={"slide_type": "subslide"}
# The injected `background_tasks` were **dropped**, without an error and
# without a line in a log: the place was taken. FastAPI puts its tasks only
# where there are none. So use one of the two: the injected one, or
# `Response(…, background=…)`, and never both.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** This is the accident that nobody finds by reading. To show it
# live, delete `background=…` in the cell above and run it again: now
# `slow_work` runs. A returned response *without* a task of its own is
# harmless. Exercise 6 has this application as `own_response`: ask for the
# order before the picture.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: an invalid address
#
# If the address were a plain `str`, `not-an-email` would be accepted, and an
# address with a line break in it would write a second, forged line into the
# file. `EmailStr` refuses both, before the endpoint runs:

# %% slideshow={"slide_type": "fragment"}
for address in ("not-an-email", "ada@example.com%0ANotification for eve"):
    refused = send(stage.app, "POST", f"/send-notification/{address}")
    print(refused.status, refused.json["detail"][0]["msg"])

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** `%0A` is a line break. Show the lines of
# `data/notifications.txt`, and ask what a program that reads it line by line
# would make of a forged one.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: a missing folder
#
# The stage writes into the folder `data` of the folder that the server was
# started in. This server runs, and then its folder is one without a `data`:

# %% slideshow={"slide_type": "fragment"}
from contextlib import chdir
from tempfile import TemporaryDirectory

with running(stage.app) as server, TemporaryDirectory() as empty, chdir(empty):
    happened = server.send("POST", "/send-notification/ada@example.com")

print(happened.status, happened.json)
happened

# %% [markdown] slideshow={"slide_type": "subslide"}
# The client has its 200 and reads "sent", and **nothing was written**. The
# `FileNotFoundError` came after the response, so only the server's log has it,
# and each request fails in the same way.
#
# What can be checked at the start should be checked there.
# [Stage 6](06_at_work.ipynb) makes the folder and opens its files before it
# takes a request; if it cannot, it stops with one line that says what to do.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Ask who would notice, and when. Then: which other things does
# an application need that are there on your machine and missing on the server?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What a background task is not
#
# - It is neither a thread of your own nor a process of your own. It lives in
#   the server; when the server is killed, the task is gone, without a trace.
# - It is not free. A `def` task takes one of forty worker threads, which your
#   `def` endpoints use as well; an `async def` task that blocks stops *every*
#   request. [Stage 5](05_task_tracker.ipynb) measures both.
# - It is not tried again. If it fails, only the server's log says so.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - let a response go first, and show that it does;
# - say what loses a task: `add_task(f())`, an error after `add_task`, a
#   response with a task of its own;
# - choose between work in the request and work after it: *does the answer
#   depend on it?*

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see |
# |---|---|
# | `add_task(f())` | the client waits, then `TypeError` in the server's log |
# | the endpoint raises | the task never runs |
# | a response with a task of its own | the injected tasks never run |
# | the address is a plain `str` | `not-an-email` is answered with 200 |
# | the task's folder is missing | 200, and an error in the server's log |
# | the server is killed | the task is lost; nothing says so |
# | a `BaseHTTPMiddleware` before Starlette 1.7 | the task begins before the response has left |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 1](../exercises/ex01_background_task.py), then
# [stage 2](02_task_dependency.ipynb), in which the task can be replaced.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Questions that you can now answer
#
# People ask these in public trackers. Each is a small application with its
# answer: `python3 start.py ask` and the number runs it.

# %% slideshow={"slide_type": "fragment"}
from course.lesson import questions

questions("01")
