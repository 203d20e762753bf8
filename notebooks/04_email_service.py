# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 4 · Settings, and real e-mail
#
# *25 minutes · 10 more at the end, for those who send real mail ·
# builds on [stage 3](03_chained_dependencies.ipynb) ·
# the code is [stages/s04_email_service.py](../stages/s04_email_service.py)*
#
# So far the task wrote into a file. Now it talks to a mail server, and that
# brings three things that a file does not have: **settings** (which server,
# who sends, with which password), **a server that may refuse**, and **an
# answer that was given before anybody knew**.
#
# None of this changes the form. The settings are one more dependency in the
# chain, and the endpoint stays as small as it was.

# %% slideshow={"slide_type": "skip"}
from course.lesson import compare, mailbox, new_in, running, send, source
from stages import s04_email_service as stage

# %% slideshow={"slide_type": "skip"}
new_in("s04")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Four parts
#
# - `EmailContent` says what a client may send. Pydantic refuses the rest.
# - `EmailConfig` reads the settings from the environment.
# - `get_email_config` gives them, and reads them once.
# - `get_email_service` **provides** the task, which has settings and logger.
#
# `sender_password` is the mailbox's, which the course brings. A real password
# has no default: it comes from the environment.

# %% slideshow={"slide_type": "subslide"}
source(stage.EmailConfig)

# %% slideshow={"slide_type": "fragment"}
source(stage.get_email_service)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Predict
#
# One request to `POST /send-email/`. When does the application talk to the mail
# server? Edit the list.

# %% slideshow={"slide_type": "fragment"}
moments = [
    "send_email began",
    "schedule_email began",
    "get_email_service called",
    "response sent",
]
guess = [
    "schedule_email began",
    "get_email_service called",
    "send_email began",
    "response sent",
]

# %% slideshow={"slide_type": "fragment"}
HELLO = {
    "subject": "Hello",
    "body": "Your parcel is here.",
    "recipients": ["ada@example.com", "bob@example.com"],
}

with mailbox() as box, running(stage.app) as server:
    happened = server.send("POST", "/send-email/", json=HELLO)
    mails = box.wait_for(2)

compare(guess, happened, among=moments)

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Ask: who has to wait for the mail server? Vote, then run the
# next cell. The mailbox is a real SMTP server in this process, with STARTTLS
# and a login. To show it live, run `python3 start.py stage 4` in one terminal
# and `python3 start.py mailbox` in a second: the mails appear there when you
# send the request from the first one's page `/docs`.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## See it
#
# The whole conversation (connect, encrypt, log in, two mails) lies right of
# the line, and no client waited for it. `get_email_config` was *remembered*:
# the start of the application had asked for it already.

# %% slideshow={"slide_type": "fragment"}
happened

# %% slideshow={"slide_type": "subslide"}
print(happened.json)
for mail in mails:
    print(f"{mail.subject!r} to {', '.join(mail.recipients)} by {mail.tls}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Two mails, one for each recipient. With all of them in one `To`, each would
# read the addresses of the others.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Replace it
#
# A test needs no mail server. It replaces the service by anything that takes an
# `EmailContent`: a list's `append`, for example.

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
# A mail without recipients is refused before it costs anything.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: the swallowed exception
#
# The server is down: outside of `with mailbox()` nobody listens. What does
# the client learn, and who else? First with an `except` that prints:

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

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Let the class look for the failure in the picture. There is
# none: the task "ended". Ask where a `print` of a server in a container goes,
# and who reads it on a Sunday.

# %% [markdown] slideshow={"slide_type": "subslide"}
# The client has its "success". The task *ended*, so whatever watches the
# server (a log, an alarm, this picture) sees a task that went well. All that
# is left is a `print`.
#
# The stage's task logs each failure with the level ERROR and its traceback,
# tries the next recipient, and **raises** at the end:

# %% slideshow={"slide_type": "fragment"}
from pathlib import Path

happened = send(stage.app, "POST", "/send-email/", json=HELLO)
print(happened.status, happened.json["status"])
for line in Path("data/background_tasks.log").read_text().splitlines():
    if "ERROR E-mail" in line:
        print(line.partition(" ERROR ")[2])
print(happened.order[-1])

# %% [markdown] slideshow={"slide_type": "fragment"}
# Better, and still not good: the client knows nothing, and nobody can *ask*
# what became of the mail. [Stage 5](05_task_tracker.ipynb) writes that down.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: the first failing task stops the rest
#
# Then do not catch it at all? Two tasks, and the first one raises:

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
# after the other, in a plain loop without a `try`; whatever leaves the first
# task ends the loop, travels on through the dependencies that are still open,
# and reaches the server. The customer has a "thank you" all the same.
#
# So, if other tasks run after this one:
#
# - catch **in the task**, which knows what failed,
# - record it where somebody looks, with what failed and why,
# - claim success only in the `else`.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Swap the two `add_task` lines and run the cell again: now the
# storehouse packs. The order of two lines decides. Exercise 6 has such an
# application, `first_task_fails`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: a failing task cuts off the next request
#
# An exception that leaves a task reaches the server, and uvicorn then **closes
# the connection**. A client uses its connection again for its next request
# (keep-alive), and that one may be under way:

# %% slideshow={"slide_type": "fragment"}
import asyncio
import time

import httpx2

cut = FastAPI()


def fail_later() -> None:
    time.sleep(0.2)
    raise ConnectionError("the mail server is down")


@cut.post("/order")
def order_with_mail(background_tasks: BackgroundTasks) -> str:
    background_tasks.add_task(fail_later)
    return "thank you"


@cut.get("/price-list")
async def price_list() -> str:
    await asyncio.sleep(0.5)
    return "tea: 3"


with running(cut) as server:
    print(server.client.post("/order").json())
    try:
        print(server.client.get("/price-list").json())
    except httpx2.RemoteProtocolError as error:
        print(type(error).__name__, error)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Nothing is wrong with `/price-list`, and its client gets no answer. Where a
# proxy stands in front of the server, many people share its connections, so
# the cut request may be anybody's.
#
# A task should therefore let no exception out: stage 5 records it, and
# [stage 6](06_at_work.ipynb) logs it.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Ask who would look into the mail server for a price list that
# fails now and then. Live: put a `try` around the body of `fail_later`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: one address that does not exist
#
# The server may also refuse *one* of three. The mailbox refuses every address
# that begins with `nobody@`. Does the third recipient get a mail?

# %% slideshow={"slide_type": "fragment"}
three = ["ada@example.com", "nobody@example.com", "bob@example.com"]
with mailbox() as box, running(stage.app) as server:
    server.send("POST", "/send-email/", json=HELLO | {"recipients": three})
    for mail in box.wait_for(2):
        print("arrived:", *mail.recipients)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Yes: `send_email` collects the failures and raises them together, at the end.
# With one `try` around the whole loop, or none, the third recipient would have
# got nothing.
#
# It opens one connection for each mail, all in one task: with a thousand
# recipients, a kill of the process loses all that are left.
# [Stage 6](06_at_work.ipynb) makes one task for each recipient.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: settings that are read once
#
# `@lru_cache` makes `get_email_config` read the environment at the first call
# and never again. That is what is wanted, and it surprises in a test:

# %% slideshow={"slide_type": "fragment"}
import os

os.environ["SMTP_SERVER"] = "smtp.example.com"
print("after a change:     ", stage.get_email_config().smtp_server)
stage.get_email_config.cache_clear()
print("after cache_clear():", stage.get_email_config().smtp_server)

del os.environ["SMTP_SERVER"]
stage.get_email_config.cache_clear()

# %% [markdown] slideshow={"slide_type": "subslide"}
# `lru_cache` on an `async def` looks the same and is a trap. It remembers the
# *coroutine*, and a coroutine can be awaited once:

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
# Here a dependency reads the port from the environment, in the first request
# that needs it: the server starts, and hours later somebody gets a 500.

# %% slideshow={"slide_type": "fragment"}
late = FastAPI()


def get_port() -> int:
    return int(os.environ["SMTP_PORT"])


@late.get("/")
def ask(port: Annotated[int, Depends(get_port)]) -> int:
    return port


os.environ["SMTP_PORT"] = "abc"
print("it started, and answers", send(late, "GET", "/").status)
del os.environ["SMTP_PORT"]

# %% [markdown] slideshow={"slide_type": "subslide"}
# The stage calls `get_email_config` in the lifespan, so it does not start at
# all. (We start it in a separate process, because it exits.) The end of what
# it prints:

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
# The setting is named, below a long traceback. [Stage 6](06_at_work.ipynb)
# says it in one line, without the traceback.
#
# `FilePath` is checked at the start as well: a certificate that is missing
# stops it. The mail server itself is not asked. It may be away for a while,
# and the application should start nevertheless.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Break it: the password in the error
#
# First a plain class. Then `SecretStr` alone, while another setting is
# missing. Then with one more word, which stage 6 has:

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
# `SecretStr` hides the password in the settings. When **another** setting is
# missing, Pydantic's error prints all the input that it was given, and the
# password is part of it. `hide_input_in_errors=True` keeps it out. Stage 4 is
# safe without it as long as each of its settings has a default, so that none
# can be missing.
#
# And never `Depends()` on the settings class itself. FastAPI reads a class's
# parameters like an endpoint's, so the client may choose them:

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
# - read settings once, and let a wrong one stop the start;
# - keep a password out of texts, errors and the API;
# - replace a mail service in a test, and try the real one without sending;
# - say what a client knows about a failed task (nothing), and who should.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see |
# |---|---|
# | `except Exception: print(…)` in the task | 200 "success", and the task *ended* |
# | nothing is caught | the second task never ran; the next request is cut off |
# | `lru_cache` on an `async def` | 200, then 500 for ever |
# | settings read in a request | it starts, and fails hours later |
# | `SecretStr` alone | the password is in another field's error |
# | `Depends()` on the settings class | the password is a query parameter |
# | `starttls()` with no context, no `timeout=` | a stranger's server; a task that never ends |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 4](../exercises/ex04_settings.py), then
# [stage 5](05_task_tracker.ipynb), in which a task leaves a record. Later,
# [exercise 9](../exercises/ex09_email_retry.py) tries again what failed for a
# while: [the five projects](projects.ipynb) show it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## More: what real mail needs too
#
# *10 minutes, for those who send real mail.*
#
# `starttls()` without a context encrypts, but does not verify the server: one
# in between gets the password. With a context, an unknown authority ends the
# conversation *before* the login. This machine does not know the authority of
# the mailbox; the stage loads it from `smtp_ca_file`:

# %% slideshow={"slide_type": "fragment"}
import logging
import ssl

with mailbox() as box:
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # the server's
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
# `timeout=` belongs there as well. This server accepts the connection and sends
# nothing; without a time-out the task, and its worker thread, wait for ever:

# %% slideshow={"slide_type": "fragment"}
import socket
import threading
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
        waiting.join(2)
        print(f"timeout {timeout}: still waits after 2 s:", waiting.is_alive())
    for _ in range(2):
        silent.accept()[0].close()

# %% [markdown] slideshow={"slide_type": "subslide"}
# Last, the subject. A line break in it would begin another header, so
# `EmailMessage` raises, in the task, after a 200. The stage's `EmailContent`
# refuses it in the request:

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
# Enough of mail: on to [exercise 4](../exercises/ex04_settings.py) and
# [stage 5](05_task_tracker.ipynb).

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Questions that you can now answer
#
# People ask these in public trackers. Each is a small application with its
# answer: `python3 start.py ask` and the number runs it.

# %% slideshow={"slide_type": "fragment"}
from course.lesson import questions

questions("04")
