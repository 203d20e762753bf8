# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 2 · The endpoint asks for its task
#
# *20 minutes · builds on [stage 1](01_background_tasks.ipynb) ·
# the code is [stages/s02_task_dependency.py](../stages/s02_task_dependency.py)*
#
# In stage 1 the endpoint names the function that does the work. So whoever
# wants to try the application without writing into the file has to edit the
# endpoint.
#
# Now it says only *what kind of thing* it needs: a callable that takes an
# address and a message. Who provides it is decided elsewhere, by a
# **dependency**. This is what task dependencies are for:
#
# - the work stands apart from the endpoint, and can be read alone,
# - several endpoints can use the same work,
# - a test replaces it in one line,
# - later, what the work itself needs can come in the same way.

# %% slideshow={"slide_type": "skip"}
from course.lesson import compare, new_in, running, send
from stages import s02_task_dependency as stage

# %% slideshow={"slide_type": "subslide"}
new_in("s02")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Two things are new, and they are easy to confuse:
#
# - `get_notification_task` **provides**. FastAPI calls it for each request,
#   before the endpoint.
# - `write_notification` **works**. The provider *returns* it, without
#   parentheses; it is called when the response has been sent.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Predict
#
# One request. Who is called first: the provider, the endpoint or the task?
# And when is the response sent? Edit the list.

# %% slideshow={"slide_type": "fragment"}
moments = [
    "write_notification began",
    "get_notification_task called",
    "response sent",
    "send_notification began",
]
guess = [
    "send_notification began",
    "get_notification_task called",
    "response sent",
    "write_notification began",
]

# %% slideshow={"slide_type": "fragment"}
happened = send(stage.app, "POST", "/send-notification/ada@example.com")
compare(guess, happened, among=moments)

# %% slideshow={"slide_type": "fragment"}
happened

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Point at the words below each name: the provider ran in a
# worker thread, since it is a plain `def`, and so did the task. The endpoint,
# an `async def`, ran on the event loop. A hop to a thread costs some 0.1 ms.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Ask: who calls `get_notification_task`, and who
# `write_notification`? Let two people read their answers aloud. "FastAPI,
# before" and "the response, after": many wrong answers to exercise 2 mix up
# these two.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Replace it
#
# `dependency_overrides` is a dictionary: *instead of this dependency, call
# that one*. The replacement must return the same kind
# of thing: a callable.

# %% slideshow={"slide_type": "fragment"}
outbox = []


def remember(email: str, message: str) -> None:
    outbox.append((email, message))


stage.app.dependency_overrides[stage.get_notification_task] = lambda: remember
try:
    happened = send(stage.app, "POST", "/send-notification/ada@example.com")
finally:
    stage.app.dependency_overrides.clear()

print(happened.status, outbox)
happened

# %% [markdown] slideshow={"slide_type": "subslide"}
# The picture says whose place the fake took. The endpoint was not touched, no
# name was patched, and nothing was written into the file.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: patching the name
#
# Many tests replace the provider with `unittest.mock.patch`. Look at what such
# a test proves. It has a `TestClient`, a mock, and is green:

# %% slideshow={"slide_type": "fragment"}
from unittest.mock import MagicMock, patch

from fastapi.testclient import TestClient

before = stage.NOTIFICATIONS.read_text()

with (
    patch.object(stage, "get_notification_task") as provider,
    TestClient(stage.app) as client,
):
    provider.return_value = MagicMock()
    response = client.post("/send-notification/eve@example.com")

assert response.status_code == 200
print("provider called:", provider.called)
after = stage.NOTIFICATIONS.read_text()
print("written to the real file:", after.removeprefix(before))

# %% [markdown] slideshow={"slide_type": "subslide"}
# The patched provider was **never called**, and a real notification was
# written. `Depends` keeps the function itself, from the moment at which the
# module was imported. Rebinding the module's *name* has no effect. The test
# would be green with `add_task` deleted.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** The accident live: delete the line with `add_task` in the
# stage, restart the kernel, run the notebook down to here. The patched test is
# still green, while the outbox of the override above is empty. Put the line
# back.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: overriding with the work itself
#
# This is worse, since it looks right. The override is the fake task, and not a
# function that *gives* it:

# %% slideshow={"slide_type": "fragment"}
outbox.clear()
stage.app.dependency_overrides[stage.get_notification_task] = remember
try:
    wrong = send(
        stage.app, "POST", "/send-notification/ada@example.com?message=Hm"
    )
finally:
    stage.app.dependency_overrides.clear()

print(wrong.status, outbox)
wrong

# %% [markdown] slideshow={"slide_type": "subslide"}
# FastAPI took `remember` for the *provider*, found its parameters in the
# request, and called it **before** the response. The endpoint got `None` and
# added that. The fake has remembered an address, so a careless test is green.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Point at the row `remember` in the picture: it stands *left* of
# the line, as a dependency, with `?message=Hm` from the request in it. Ask
# what a client could do with such an application.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: calling the provider
#
# `Depends(get_notification_task())` calls at import what FastAPI should call
# for each request, and makes the *task* the dependency. It is the same
# mistake as the one above, in production:

# %% slideshow={"slide_type": "fragment"}
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI

broken = FastAPI()


def write(email: str, message: str = "Hello World!") -> None:
    print(f"Notification for {email}: {message}")


def get_task():
    return write


@broken.post("/send-notification/{email}")
async def send_notification(
    email: str,
    background_tasks: BackgroundTasks,
    task: Annotated[None, Depends(get_task())],
) -> str:
    background_tasks.add_task(lambda: None)
    return "sent"


send(broken, "POST", "/send-notification/ada@example.com").order

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What it costs
#
# A dependency is a function call, and a plain `def` is a hop to a worker
# thread. Stage 1 does the same without one. A hundred requests to each, in
# turn:

# %% slideshow={"slide_type": "fragment"}
from statistics import median

from stages import s01_background_tasks

PATH = "/send-notification/ada@example.com"
waited: dict[str, list[float]] = {"stage 1": [], "stage 2": []}
with running(s01_background_tasks.app) as one, running(stage.app) as two:
    for _ in range(100):
        waited["stage 1"].append(one.send("POST", PATH).waited)
        waited["stage 2"].append(two.send("POST", PATH).waited)

for name, seconds in waited.items():
    print(f"{name}: the client waits {median(seconds) * 1000:.2f} ms")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The difference is what one dependency costs: some tenths of a millisecond,
# and a part of that is the recorder's. Most of the rest is the request itself
# and the check of the address. `python3 start.py bench` measures without the
# recorder.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - let a dependency provide a task, and say who calls what, and when;
# - replace a task in a test by `dependency_overrides`;
# - tell a test that proves something from one that is merely green.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see |
# |---|---|
# | patching the provider's name | the mock is never called, the real work runs |
# | overriding with the task itself | it runs before the response |
# | `Depends(get_task())` | the same, for every request, even for a 422 |
# | a `MagicMock` as override | 422: its signature becomes query parameters |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 2](../exercises/ex02_task_dependency.py), then
# [stage 3](03_chained_dependencies.ipynb), in which the task has needs of its
# own.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Questions that you can now answer
#
# People ask these in public trackers. Each is a small application with its
# answer: `python3 start.py ask` and the number runs it.

# %% slideshow={"slide_type": "fragment"}
from course.lesson import questions

questions("02")
