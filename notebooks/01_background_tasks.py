# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 1 · Answer first, work afterwards
#
# *25 minutes · builds on [Introduction](start_here.ipynb) ·
# the code is [stages/s01_background_tasks.py](../stages/s01_background_tasks.py)*
#
# A user presses a button, and something slow has to happen: the application
# sends a mail, writes a file or makes a picture smaller. The user needs to know
# that it *will* happen. The user does not need to wait until it has happened.
#
# FastAPI calls such work a **background task**. The endpoint's response is
# sent first, then the work begins, in the same process. With some middleware
# and an older Starlette the order can be different. A later section shows
# when.

# %% slideshow={"slide_type": "skip"}
from course.lesson import compare, running, send, source, start_afresh

start_afresh()

from stages import s01_background_tasks as stage

# %% slideshow={"slide_type": "fragment"}
source(stage.send_notification)

# %% [markdown] slideshow={"slide_type": "subslide"}
# `add_task` gets the *function* and its arguments, and keeps them for later.
# Nothing is called here: there are no parentheses after `write_notification`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Predict
#
# A cell below sends a request to this endpoint, on a real server. In which
# order do these four things happen? Copy them into `guess`, in your order.

# %% slideshow={"slide_type": "fragment"}
moments = [
    "write_notification began",
    "send_notification began",
    "response sent",
    "send_notification ended",
]
guess = []

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 4 minutes.** Ask: "When does the client have its answer?" Let the
# class vote before you go on. Expect three wrong answers:
#
# 1. The work comes before the response. (A function call would do that.)
# 2. The work begins inside the endpoint, and they run at the same time.
# 3. The response is sent before the endpoint has ended.
#
# Demo in a terminal. This command prints the same picture as text. It has
# these two rows, in this order:
#
# ```console
# $ python3 start.py timeline stages.s01_background_tasks:app POST /send-notification/ada@example.com
# send_notification
# write_notification
# ```

# %% slideshow={"slide_type": "subslide"}
happened = send(stage.app, "POST", "/send-notification/ada@example.com")
compare(guess, happened, among=moments)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## See it
#
# Each row is a function. The green line is the moment when the last byte of the
# response left the application. The client's bar ends later, because the client
# still has to receive and read the response. This task is very short: it may
# even end before the client's bar ends. The next section has a slow task, and
# shows that the client does not wait for it.

# %% slideshow={"slide_type": "fragment"} jupyter={"outputs_hidden": true}
happened

# %% slideshow={"slide_type": "fragment"}
print(happened.status, happened.json)
print(stage.NOTIFICATIONS.read_text())

# %% [markdown] slideshow={"slide_type": "fragment"}
# The answer says "sent". But when this answer left, nothing was written yet. The
# honest answer is "accepted", with status 202.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Nobody waits for a slow task
#
# Here is an application with two endpoints. The first one adds a task of 0.3
# seconds; the second one does the same work directly. How long does the client
# wait for the answer of each endpoint?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask for both times. Expect three wrong answers: 300
# ms for both; nearly 0 ms for both, because a server works in parallel; 600 ms
# for "at once". Live: change 0.3 to 3 in the next code cell, and run it and
# the `TestClient` cell again. "Work at once" and the `TestClient` take 3
# seconds, "work afterwards" does not.

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
    server.send("POST", "/afterwards")  # the first one is slow: not measured
    later = server.send("POST", "/afterwards")
    now = server.send("POST", "/at-once")

print(f"work afterwards: the client waits {later.waited * 1000:4.0f} ms")
print(f"work at once:    the client waits {now.waited * 1000:4.0f} ms")

# %% [markdown] slideshow={"slide_type": "subslide"}
# A `TestClient` cannot show this: it returns only when the tasks have ended.
# With the same application, it waits for the work:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "How could a test prove that the response is
# sent first?" Expect three wrong answers: measure how long `client.post`
# takes; sleep before the assertion; print a line in the endpoint and one in
# the task. None of them shows when the response leaves. The notebook on
# testing has the answer.

# %% slideshow={"slide_type": "fragment"}
from fastapi.testclient import TestClient

with TestClient(app) as client:
    began = time.perf_counter()
    client.post("/afterwards")
    waited = time.perf_counter() - began

print(f"a TestClient waits {waited * 1000:.0f} ms")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Behind a middleware
#
# `@app.middleware("http")` makes a `BaseHTTPMiddleware`. It stands between the
# application and the server. The application writes its response into a
# stream, and the middleware reads the stream and passes each part to the
# server. When the application has written the last part, the server may still
# be sending it.

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
# Here the response is still sent first, because Starlette 1.7 and later wait:
# the middleware sets an event, `response_sent`, when the last part has left,
# and the task begins after that. **Starlette before 1.7 did not wait**
# (FastAPI 0.118, for example, used such a version). The task began when the
# last part was in the stream. On these versions, an `async def` task that
# blocks also delays the end of the response, if the client is slow. A pure
# ASGI middleware has no such stream, so the order is right on every version.
# [Question 1](../questions/q01_middleware_blocks_the_response.py) runs both
# kinds of middleware.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: parentheses
#
# This is the most common mistake: the endpoint *calls* the function. Then
# `add_task` gets what the function returned, which is `None`.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "Which status does the client get?" Expect three
# wrong answers: 500, because of the error; 200 at once, and the work later; no
# answer at all. The client waits, and gets a 200. A test that checks only the
# answer does not find the mistake.
#
# Live: run `python3 start.py stage 1 --reload`. In
# `stages/s01_background_tasks.py`, change the line with `add_task` to
# `background_tasks.add_task(write_notification(email, "Hello World!"))`.

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
# still got a 200: the `TypeError` was raised later, so you find it only in the
# server's log.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: an error after `add_task`
#
# A task belongs to the response of its endpoint. When the endpoint raises an
# exception, FastAPI sends another response, and drops the tasks that were
# added:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "Does `slow_work` run?" Expect three wrong
# answers: yes, because it was added before the error; yes, because a 409 is a
# response too; yes, but only after the client has its 409. Then ask: "And if
# the endpoint *returns* a response with status 409?"

# %% slideshow={"slide_type": "fragment"}
from fastapi import HTTPException

dropped = FastAPI()


@dropped.post("/order")
def order(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(slow_work)
    raise HTTPException(409, "sold out")


send(dropped, "POST", "/order")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The rule is "**the endpoint has to return**", and not "an error drops tasks":
# if an endpoint *returns* a response with status 409, its tasks run.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: a response of your own
#
# An endpoint may return a response that it made itself, with a task in it. A
# response has one place for tasks. Which task gets this place: the task in
# your `Response`, or the task that you added to the *injected*
# `background_tasks`, the endpoint's parameter?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Nobody sees this mistake by reading the code. Ask:
# "Which of the two tasks runs?" Expect three wrong answers: both; only the
# injected one; none, and an error. Live: delete `background=…` in the next
# cell and run it again: now `slow_work` runs. Exercise 6 has this application
# as `own_response`.

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
# FastAPI **dropped** the injected `background_tasks`, without an error and
# without a line in a log. It gives the injected tasks to a response only if
# the response has no task of its own. So use one of the two: the injected
# `background_tasks`, or `Response(…, background=…)`, and never both.
#
# If the response that you return has *no* task of its own, the injected tasks
# run.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: an invalid address
#
# With a plain `str` as the address's type, the endpoint would accept
# `not-an-email`. An address with a line break (`%0A`) would even write a second,
# fake line into the file. `EmailStr` refuses both, before the endpoint runs:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "A program reads `notifications.txt` line by
# line. What does it do with a fake line?" Expect three wrong answers: it
# skips the line, because the line looks different; it stops with an error; it
# cannot happen, because FastAPI removes line breaks. The program cannot tell a
# fake line from a real one.

# %% slideshow={"slide_type": "fragment"}
for address in ("not-an-email", "ada@example.com%0ANotification for eve"):
    refused = send(stage.app, "POST", f"/send-notification/{address}")
    print(refused.status, refused.json["detail"][0]["msg"])

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: a missing folder
#
# The stage writes into `data`, a folder inside the server's working directory.
# The server in the next cell runs in a folder without `data`. Which status
# does the client get?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "Who notices that the folder is missing, and
# when?" Expect three wrong answers: the client, by a 500; the server, because
# it does not start; a test of the answer. Then ask: "Which other files or
# programs exist on your machine, but not on the server?"

# %% slideshow={"slide_type": "fragment"}
from contextlib import chdir
from tempfile import TemporaryDirectory

with running(stage.app) as server, TemporaryDirectory() as empty, chdir(empty):
    happened = server.send("POST", "/send-notification/ada@example.com")

print(happened.status, happened.json)
happened

# %% [markdown] slideshow={"slide_type": "subslide"}
# The client has its 200 and reads "sent", but **nothing was written**. The
# `FileNotFoundError` was raised after the response, so only the server's log
# shows it. Each later request fails in the same way.
#
# An application should check at its start that it can write its files. [Stage
# 6](06_at_work.ipynb) makes the folder and opens its files before it accepts a
# request. If it cannot open them, the application stops and prints one line
# that says what to do.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What a background task is not
#
# - It does not get its own process. It runs in the server. When the server is
#   killed, the task is lost, and nothing records that.
# - It is not free. A `def` task uses one of forty worker threads, and your
#   `def` endpoints need the same threads
#   ([question 11](../questions/q11_forty_threads.py)). An `async def` task that
#   blocks stops *every* request ([stage 5](05_task_tracker.ipynb)).
# - FastAPI does not retry it. If it fails, only the server's log says so.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - send a response before the work, and show that this is the real order;
# - name three mistakes that lose a task: `add_task(f())`, an error after
#   `add_task`, a response with a task of its own;
# - choose between work in the request and work after it. The question is: *does
#   the answer depend on the work?*

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see |
# |---|---|
# | `add_task(f())` | the client waits, then `TypeError` in the server's log |
# | the endpoint raises | the task never runs |
# | a response with a task of its own | the injected tasks never run |
# | the address is a plain `str` | `not-an-email` is answered with 200 |
# | the task's folder is missing | 200, and an error in the server's log |
# | the server is killed | the task is lost, without any message |
# | a `BaseHTTPMiddleware` before Starlette 1.7 | the task begins before the response has left |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 1](../exercises/ex01_background_task.py), then
# [stage 2](02_task_dependency.ipynb), where the task can be replaced.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Questions that you can now answer
#
# These are real questions from GitHub issues and forums. Each one has an
# answer: a small application that you can run. In a terminal, type for example
# `python3 start.py ask 1`.

# %% slideshow={"slide_type": "fragment"}
from course.lesson import questions

questions("01")
