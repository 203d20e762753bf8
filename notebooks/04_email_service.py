# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 4 · Settings are a dependency, and the task sends real e-mail
#
# *30 minutes · 5 more at the end if your own application will send mail ·
# builds on [stage 3](03_chained_dependencies.ipynb) ·
# the code is [stages/s04_email_service.py](../stages/s04_email_service.py)*
#
# So far the task wrote into a file. Now it talks to a mail server. That brings
# three new things: **settings** (the server, the sender, the password), **a
# mail server that may refuse a mail**, and **an answer that the client gets
# before anybody knows the result**.
#
# The structure stays the same. The settings are one more dependency in the
# chain, and the endpoint stays as small as it was.

# %% slideshow={"slide_type": "skip"}
from course.lesson import (
    compare,
    mailbox,
    new_in,
    running,
    send,
    source,
    start_afresh,
)

start_afresh()

from stages import s04_email_service as stage

# %% slideshow={"slide_type": "skip"}
new_in("s04")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Four new parts of the application
#
# - `EmailContent` says what a client may send. Pydantic refuses the rest.
# - `EmailConfig` reads the settings from the environment.
# - `get_email_config` returns the settings, and reads them only once.
# - `get_email_service` **provides** the task, with settings and logger.
#
# The default of `sender_password` is the password of the course's mailbox.
# A real password has no default: it comes from the environment.

# %% slideshow={"slide_type": "subslide"}
source(stage.EmailConfig)

# %% slideshow={"slide_type": "fragment"}
source(stage.get_email_service)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Predict
#
# One request to `POST /send-email/`: its endpoint is `schedule_email`. When does
# `send_email`, which talks to the mail server, begin? Copy the moments into
# `guess`, in your order.

# %% slideshow={"slide_type": "fragment"}
moments = [
    "send_email began",
    "schedule_email began",
    "get_email_service called",
    "response sent",
]
guess = []

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 4 minutes.** Ask: "Who waits for the mail server?" Expect three
# wrong answers:
#
# 1. The client, because it needs to know whether the mail was sent.
# 2. The endpoint, because it calls the service.
# 3. The provider, because it opens the connection.
#
# The mailbox is a real SMTP server in this process, with STARTTLS and a login.
# To show it live, run `python3 start.py stage 4` in one terminal and `python3
# start.py mailbox` in another one. Send the request from the page `/docs` of
# stage 4: the mails appear in the second terminal.

# %% slideshow={"slide_type": "subslide"}
HELLO = {
    "subject": "Hello",
    "body": "Your parcel is here.",
    "recipients": ["ada@example.com", "bob@example.com"],
}

with mailbox() as box, running(stage.app) as server:
    happened = server.send("POST", "/send-email/", json=HELLO)
    mails = box.wait_for(2)

compare(guess, happened, among=moments)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## See it
#
# The row of `send_email` is to the right of the line: the task connected,
# encrypted, logged in and sent, once for each mail, and no client waited for
# that. The result of `get_email_config` came *from a cache*: the application
# called this function when it started.

# %% slideshow={"slide_type": "fragment"} jupyter={"outputs_hidden": true}
happened

# %% slideshow={"slide_type": "subslide"}
print(happened.json)
for mail in mails:
    print(f"{mail.subject!r} to {', '.join(mail.recipients)} by {mail.tls}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# There are two mails, one for each recipient. If one mail had all recipients in
# `To`, each of them could read all addresses.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Replace it
#
# A test needs no mail server. It replaces the service with any function that
# takes an `EmailContent`, for example a list's `append`.

# %% slideshow={"slide_type": "fragment"}
outbox: list[stage.EmailContent] = []
overrides = stage.app.dependency_overrides
overrides[stage.get_email_service] = lambda: outbox.append
try:
    happened = send(stage.app, "POST", "/send-email/", json=HELLO)
    nobody = send(
        stage.app, "POST", "/send-email/", json=HELLO | {"recipients": []}
    )
finally:
    overrides.clear()

print(happened.status, [content.recipients for content in outbox])
print(nobody.status, nobody.json["detail"][0]["msg"])

# %% [markdown] slideshow={"slide_type": "fragment"}
# A mail without recipients is refused in the request, before any work.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: the swallowed exception
#
# Now the mail server is down: it runs only inside `with mailbox()`. Who sees
# that the mail was not sent? First, here is a task that catches the
# exception and prints it:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask the class to find the failure in the picture.
# There is none: the task "ended". Ask: "Who notices that no mail was sent?"
# Expect three wrong answers: the client, by a 500; the server's log; the
# picture. Ask where the `print` of a server in a container goes, and who reads
# it on a Sunday.

# %% slideshow={"slide_type": "fragment"}
import smtplib

from fastapi import BackgroundTasks, FastAPI

NOBODY_LISTENS = stage.get_email_config().smtp_port
old = FastAPI()


def send_or_print() -> None:
    try:
        smtplib.SMTP("localhost", NOBODY_LISTENS)
    except Exception as e:
        print(f"Failed to send email: {e}")


@old.post("/send-email/")
def schedule(background_tasks: BackgroundTasks) -> str:
    background_tasks.add_task(send_or_print)
    return "success"


happened = send(old, "POST", "/send-email/")
happened

# %% [markdown] slideshow={"slide_type": "subslide"}
# The client has its "success". The task *ended*, so everything that watches the
# server (a log, an alarm, this picture) sees a task without an error. Only the
# `print` shows the error.
#
# The stage's task logs each failure, with the level ERROR and the traceback. It
# goes on with the next recipient, and **raises** an exception at the end:

# %% slideshow={"slide_type": "fragment"}
from pathlib import Path

happened = send(stage.app, "POST", "/send-email/", json=HELLO)
print(happened.status, happened.json["status"])
for line in Path("data/background_tasks.log").read_text().splitlines():
    if "ERROR E-mail" in line:
        print(line.partition(" ERROR ")[2])
print(happened.order[-1])

# %% [markdown] slideshow={"slide_type": "fragment"}
# That is better, but the client still cannot *ask* the application whether the
# mail was sent. [Stage 5](05_task_tracker.ipynb) records it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: the first failing task stops the rest
#
# What if we do not catch the exception at all? One request adds two tasks, and
# the first one raises an exception. Does the second one run?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "Does the storehouse pack the parcel?" Expect
# three wrong answers: yes, because the tasks are independent; yes, and the
# error comes after both; the client gets a 500. Live: swap the two `add_task`
# lines and run the cell again: now the storehouse packs. So the order of these
# two lines decides whether the storehouse packs.
# Exercise 6 has such an application, `first_task_fails`.

# %% slideshow={"slide_type": "fragment"}
two = FastAPI()


def tell_customer() -> None:
    smtplib.SMTP("localhost", NOBODY_LISTENS)


def tell_storehouse() -> None:
    print("the storehouse packs the parcel")


@two.post("/order")
def order(background_tasks: BackgroundTasks) -> str:
    background_tasks.add_task(tell_customer)
    background_tasks.add_task(tell_storehouse)
    return "thank you"


happened = send(two, "POST", "/order")
happened

# %% [markdown] slideshow={"slide_type": "subslide"}
# `tell_storehouse` **never ran**. Starlette runs the tasks of a response one
# after the other, in a plain loop without a `try`. An exception of the first
# task ends the loop. The exception then passes through the dependencies that
# are still open, and reaches the server. But the customer has already read
# "thank you".
#
# So, if a request adds several tasks:
#
# - catch the exception **in the task**: it knows which step failed,
# - record the failure and its reason, in a place where somebody looks,
# - record success only in the `else` of the `try`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: the request after a failing task gets no answer
#
# An exception that a task does not catch reaches the server, and uvicorn then
# **closes the connection**. A client uses the same connection for its next
# request (keep-alive). Here that request is already on its way when the task
# fails. What does the client get for its second request?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "What does the client get when it asks for the
# price list?" Expect three wrong answers: the price list, because nothing is
# wrong with it; a 500; the price list, after a new connection. Then ask:
# "Sometimes the price list fails. Would you look for the reason in the mail
# task?" Live: catch the exception inside
# `fail_later`, and run the cell again: now the client gets the price list.

# %% slideshow={"slide_type": "fragment"}
import asyncio
import threading

import httpx2

cut = FastAPI()
asked = threading.Event()  # somebody asks for the price list


def fail_later() -> None:
    asked.wait()
    raise ConnectionError("the mail server is down")


@cut.post("/order")
def order_with_mail(background_tasks: BackgroundTasks) -> str:
    background_tasks.add_task(fail_later)
    return "thank you"


@cut.get("/price-list")
async def price_list() -> str:
    asked.set()
    await asyncio.sleep(2)
    return "tea: 3"


with running(cut) as server:
    print(server.client.post("/order").json())
    try:
        print(server.client.get("/price-list").json())
    except httpx2.RemoteProtocolError as error:
        print(type(error).__name__, error)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Nothing is wrong with `/price-list`, but its client gets no answer. A proxy
# uses the same connections to the server for many people, so the request that
# fails may come from any other user.
#
# So a task should catch all its exceptions: stage 5 records them, and
# [stage 6](06_at_work.ipynb) logs them.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: one address that does not exist
#
# The server may also refuse *one* of three recipients. The mailbox refuses
# every address that begins with `nobody@`. Does the third recipient get a
# mail?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "Does Bob, the third one, get his mail?" Expect
# three wrong answers: no, the refused address ends the loop; nobody gets a
# mail, because the server refuses the whole letter; yes, and the task ends
# without an error.

# %% slideshow={"slide_type": "fragment"}
three = ["ada@example.com", "nobody@example.com", "bob@example.com"]
with mailbox() as box, running(stage.app) as server:
    server.send("POST", "/send-email/", json=HELLO | {"recipients": three})
    for mail in box.wait_for(2):
        print("arrived:", *mail.recipients)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Yes: `send_email` collects the failures, and raises one exception for all of
# them at the end. If one `try` surrounded the whole loop, or if there was no
# `try`, the third recipient would get nothing.
#
# All mails are sent in one task. If the process is killed in the middle of a
# thousand recipients, the rest gets nothing. [Stage 6](06_at_work.ipynb) makes
# one task for each recipient.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: settings that are read once
#
# `@lru_cache` lets `get_email_config` read the environment at its first call,
# and never again. This is what we want, but it surprises people in tests:

# %% slideshow={"slide_type": "fragment"}
import os

os.environ["SMTP_SERVER"] = "smtp.example.com"
print("after a change:     ", stage.get_email_config().smtp_server)
stage.get_email_config.cache_clear()
print("after cache_clear():", stage.get_email_config().smtp_server)

del os.environ["SMTP_SERVER"]
stage.get_email_config.cache_clear()

# %% [markdown] slideshow={"slide_type": "subslide"}
# `lru_cache` on an `async def` looks the same, but it is a trap. It keeps the
# *coroutine*, and a coroutine can be awaited only once:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "Which status does the second request get?"
# Expect three wrong answers: 200, with the settings from the cache; 200, with
# settings that are read again; 422.

# %% slideshow={"slide_type": "fragment"}
from functools import lru_cache
from typing import Annotated

from fastapi import Depends

cached = FastAPI()


@lru_cache
async def get_config() -> str:
    return "smtp.example.com"


@cached.get("/")
def show(config: Annotated[str, Depends(get_config)]) -> str:
    return config


with running(cached) as server:
    print("first request: ", server.send("GET", "/").status)
    print("second request:", server.send("GET", "/").status)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: a wrong setting
#
# Here a dependency reads the port from the environment, when the first request
# needs it. So the server starts, and hours later somebody gets a 500:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "When does somebody notice that the port is
# `abc`?" Expect three wrong answers: at the start; when the module is
# imported; when the first mail is sent.

# %% slideshow={"slide_type": "fragment"}
late = FastAPI()


def get_port() -> int:
    return int(os.environ["SMTP_PORT"])


@late.get("/")
def ask(port: Annotated[int, Depends(get_port)]) -> int:
    return port


os.environ["SMTP_PORT"] = "abc"
print("the server started, and answers", send(late, "GET", "/").status)
del os.environ["SMTP_PORT"]

# %% [markdown] slideshow={"slide_type": "subslide"}
# The stage calls `get_email_config` in the lifespan, so with a wrong setting it
# does not start. (We start it in a separate process, because it exits.) It
# prints a traceback. These are its last lines:

# %% slideshow={"slide_type": "fragment"}
import subprocess
import sys

from course.folders import environment

started = subprocess.run(
    [sys.executable, "-m", "uvicorn", f"{stage.__name__}:app", "--port", "0"],
    env=environment() | {"SMTP_PORT": "abc", "SENDER_PASSWORD": "hunter2"},
    capture_output=True,
    text=True,
    check=False,
)
lines = started.stderr.splitlines()
(first,) = (n for n, line in enumerate(lines) if "ValidationError:" in line)
print(*lines[first:], sep="\n")
print(f"\n{len(lines)} lines; exit code {started.returncode}")
print("the password is among them:", "hunter2" in started.stderr)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The message names the setting, below a long traceback.
# [Stage 6](06_at_work.ipynb) says it in one line, without the traceback.
#
# When the application starts, it also checks that the certificate exists,
# because the type of `smtp_ca_file` is `FilePath`. It does not connect to the
# mail server, because it should also start when the mail server is down.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Break it: the password in the error
#
# There are three ways to store a password: in a plain class, as a `SecretStr`,
# and as a `SecretStr` with `hide_input_in_errors=True`, as in stage 6. For the
# last two, the setting `smtp_port` is missing. Which of the three show the
# password?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "Which of the three show the password?" Expect
# three wrong answers: only the plain class; none of them; all of them.

# %% slideshow={"slide_type": "fragment"}
from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings


class Plain:
    def __init__(self) -> None:
        self.sender_password = os.environ["SENDER_PASSWORD"]


class Secret(BaseSettings):
    smtp_port: int
    sender_password: SecretStr


class Hidden(Secret, hide_input_in_errors=True):
    pass


os.environ["SENDER_PASSWORD"] = "hunter2"
print(vars(Plain()))
for settings in (Secret, Hidden):
    try:
        settings()
    except ValidationError as error:
        print(f"\n{settings.__name__}: {str(error).splitlines()[2]}")
del os.environ["SENDER_PASSWORD"]

# %% [markdown] slideshow={"slide_type": "subslide"}
# `SecretStr` hides the password in the settings. But when **another** setting is
# missing, Pydantic's error prints its whole input, and the password is part of
# it. `hide_input_in_errors=True` prevents that. In stage 4 every setting has a
# default. So no setting can be missing, and this error cannot happen.
#
# And never use `Depends()` with the settings class itself. FastAPI takes the
# parameters of the class from the request, so any client can set them:

# %% slideshow={"slide_type": "fragment"}
leaking = FastAPI()


class FromOutside(BaseSettings):
    sender_password: str = "hunter2"


@leaking.get("/")
def anything(settings: Annotated[FromOutside, Depends()]) -> str:
    return settings.sender_password


print(send(leaking, "GET", "/?sender_password=whatever-I-like").json)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - read the settings once, when the application starts, so that it does not
#   start with a wrong setting;
# - keep a password out of logs, errors and the API;
# - replace the mail service in a test;
# - say how much a client knows about a failed task (nothing), and where to look.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see |
# |---|---|
# | `except Exception: print(…)` in the task | 200 "success", and the task *ended* |
# | no exception is caught | the second task never ran; the next request gets no answer |
# | `lru_cache` on an `async def` | 200, then 500 for ever |
# | settings read in a request | the server starts, and a request fails hours later |
# | `SecretStr` alone | the password is in another field's error |
# | `Depends()` on the settings class | the password is a query parameter |
# | `starttls()` without a context | the password can go to an attacker |
# | no `timeout=` | a task that never ends |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 4](../exercises/ex04_settings.py), then
# [stage 5](05_task_tracker.ipynb), in which a task leaves a record. In
# [exercise 9](../exercises/ex09_email_retry.py) you retry a mail that failed;
# the notebook [The five projects](projects.ipynb) explains this exercise.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## More: what real mail also needs
#
# *5 minutes, if your own application will send real mail.*
#
# `starttls()` without a context encrypts, but does not verify the server. If an
# attacker's server stands between you and the mail server, it gets the
# password. With a context, Python checks the certificate first. If Python does
# not know the certificate authority that signed it, Python stops *before* the
# login. This machine does not know the certificate authority of the mailbox.
# (The stage loads the certificate of this authority from `smtp_ca_file`.)

# %% slideshow={"slide_type": "fragment"}
import logging
import ssl

with mailbox() as box:
    # hide the log of the mail server
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    for name, context in [
        ("no context     ", None),
        ("default context", ssl.create_default_context()),
    ]:
        with smtplib.SMTP("localhost", box.port, timeout=10) as smtp:
            try:
                smtp.starttls(context=context)
                print(name, "encrypted, and would log in now")
            except ssl.SSLError as error:
                print(name, error.reason)

# %% [markdown] slideshow={"slide_type": "subslide"}
# You also need a `timeout=`. This server accepts the connection, and sends
# nothing. Without a time-out the task and its worker thread wait for ever:

# %% slideshow={"slide_type": "fragment"}
import socket
from contextlib import suppress


def call(timeout: float | None) -> None:
    with suppress(OSError):
        if timeout:
            smtplib.SMTP("127.0.0.1", port, timeout=timeout)
        else:
            smtplib.SMTP("127.0.0.1", port)


with socket.create_server(("127.0.0.1", 0)) as silent:
    port = silent.getsockname()[1]
    for timeout in (0.5, None):
        waiting = threading.Thread(target=call, args=(timeout,), daemon=True)
        waiting.start()
        waiting.join(None if timeout else 2)  # seconds
        print(f"timeout {timeout}: it still waits:", waiting.is_alive())
    for _ in range(2):
        silent.accept()[0].close()

# %% [markdown] slideshow={"slide_type": "subslide"}
# A line break in the subject would start a new header. So `EmailMessage` raises
# an exception, but only in the task, when the client already has its 200. The
# stage's `EmailContent` refuses such a subject in the request:

# %% slideshow={"slide_type": "fragment"}
from email.message import EmailMessage

FORGED = "Hello\nBcc: eve@example.com"
try:
    EmailMessage()["Subject"] = FORGED
except ValueError as error:
    print("in the task:   ", error)

forged = HELLO | {"subject": FORGED}
refused = send(stage.app, "POST", "/send-email/", json=forged)
print("in the request:", refused.status, refused.json["detail"][0]["type"])

# %% [markdown] slideshow={"slide_type": "fragment"}
# Go on with [exercise 4](../exercises/ex04_settings.py) and
# [stage 5](05_task_tracker.ipynb).

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Questions that you can now answer
#
# These are real questions from GitHub issues and forums. Each one has an
# answer: a small application that you can run. In a terminal, type for example
# `python3 start.py ask 8`.

# %% slideshow={"slide_type": "fragment"}
from course.lesson import questions

questions("04")
