# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 2 · A dependency returns the task, so a test can replace the task
#
# *15 minutes · builds on [stage 1](01_background_tasks.ipynb) ·
# the code is [stages/s02_task_dependency.py](../stages/s02_task_dependency.py)*
#
# In stage 1 the endpoint names the function that does the work. To try the
# application without writing into the file, you would have to edit the
# endpoint.
#
# Now the endpoint says only *what kind of thing* it needs: a callable that
# takes an address and a message. A **dependency** provides it. Task
# dependencies are useful because:
#
# - the work is a separate function, so you can read it without the endpoint,
# - several endpoints can use the same work,
# - a test replaces the work in one line,
# - the work can have dependencies too (stage 3).

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 1 minute.** A note's minutes include the slides up to the next
# note. If time is short, leave out "Break it: calling the provider". Open the
# notebook in JupyterLab, and a terminal in the course's folder. Point at the
# red line in the code below: it is the endpoint of stage 1. Ask: "How can you
# try it without writing into the file?" Expect three wrong answers: delete the
# line with `add_task`; write an `if testing:` into the endpoint; replace the
# function in the module with `patch`. The first two change the application.
# The third one works in stage 1, but not for a function that `Depends` has
# already stored (see "patching the name"). Right: in stage 1 you have to edit
# the application or patch a name; stage 2 needs neither.

# %% slideshow={"slide_type": "skip"}
from course.lesson import compare, new_in, running, send, start_afresh

start_afresh()

from stages import s02_task_dependency as stage

# %% slideshow={"slide_type": "subslide"}
new_in("s02")

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Point at the endpoint: it has one new parameter, and
# the name `write_notification` is gone. Point at `get_notification_task`: its
# `return` has no parentheses. Ask: "What would change with
# `return write_notification()`?" Expect three wrong answers: nothing; the task
# runs twice; the task runs after the response, without arguments. Right: the
# provider would call `write_notification()` without arguments. This is a
# `TypeError` before the response, so the client gets a 500. Then let somebody
# say which function is the provider, and which one is the work.

# %% [markdown] slideshow={"slide_type": "subslide"}
# There are two functions, and they are easy to confuse:
#
# - `get_notification_task` is the **provider**. FastAPI calls it for each
#   request, before the endpoint.
# - `write_notification` is the **work**. The provider *returns* it, without
#   parentheses. FastAPI calls it after it has sent the response.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Predict
#
# One request. Which is called first: the provider, the endpoint or the task?
# And when is the response sent? Copy the moments into `guess`, in your order.

# %% slideshow={"slide_type": "fragment"}
moments = [
    "write_notification began",
    "get_notification_task called",
    "response sent",
    "send_notification began",
]
guess = []

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "Who calls `get_notification_task`, and who
# calls `write_notification`?" Expect three wrong answers:
#
# 1. The endpoint begins, and then asks for its task.
# 2. `Depends` calls the work, so the work comes before the endpoint.
# 3. The provider is called once, when the application starts.
#
# Right: FastAPI calls the provider before the endpoint, and the work after it
# has sent the response. So the right `guess` is `[moments[1], moments[3],
# moments[2], moments[0]]`. Another order prints "Not quite as you said.", with
# ✗ beside each moment in the wrong place. Then open the folded picture: point
# at the task's row, to the right of the green line. Many students confuse
# these two functions in exercise 2. Demo: the picture has these rows, in this
# order:
#
# ```console
# $ python3 start.py timeline stages.s02_task_dependency:app POST /send-notification/ada@example.com
# get_notification_task
# send_notification
# write_notification
# ```

# %% slideshow={"slide_type": "subslide"}
happened = send(stage.app, "POST", "/send-notification/ada@example.com")
compare(guess, happened, among=moments)

# %% slideshow={"slide_type": "fragment"} jupyter={"outputs_hidden": true}
happened

# %% [markdown] slideshow={"slide_type": "fragment"}
# The words below each name say where it ran. The provider and the task are
# plain `def` functions, so they ran in a worker thread. The endpoint is an
# `async def`, so it ran on the event loop.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Replace it
#
# `dependency_overrides` is a dictionary. The key is the dependency; the value
# is the function that FastAPI calls instead. This function must return the
# same kind of thing: a callable.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "What must the replacement return?" Expect
# three wrong answers: nothing, because it is the task; the address and the
# message; a `BackgroundTasks`. Right: it returns a callable, as the provider
# does. `lambda: remember` is a provider that returns `remember`. The next cell
# prints `200 [('ada@example.com', 'Hello World!')]`. In its picture, point at
# `lambda:8` (the lambda in line 8 of the cell): it stands where
# `get_notification_task` was.

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
# Below `lambda:8` the picture says which dependency the lambda replaced. We
# did not change the endpoint, we did not use `patch`, and nothing was written
# into the file.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: patching the name
#
# Many tests replace the provider with `unittest.mock.patch`. Here is such a
# test, and it is green. Was the mock called?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "What does this test prove?" Expect three wrong
# answers: that the task was added; that the mock was called; that nothing was
# written. Right: only that the endpoint answers 200. The next cell prints
# `provider called: False` and a line for eve. Live: run that cell. Then type
# this endpoint, which adds no task, into a new cell below it:
#
# ```python
# silent = FastAPI()
#
#
# @silent.post("/send-notification/{email}")
# def add_nothing(email: str, task: stage.NotificationDep) -> None:
#     pass
#
#
# patched_test(silent)
# ```
#
# The test is still green, and nothing was written:
#
# ```text
# provider called: False
# written to the real file:
# ```
#
# A test with the override of "Replace it" notices it: `outbox` stays empty.

# %% slideshow={"slide_type": "fragment"}
from unittest.mock import MagicMock, patch

from fastapi import FastAPI
from fastapi.testclient import TestClient


def patched_test(app: FastAPI) -> None:
    stage.NOTIFICATIONS.write_text("")
    with (
        patch.object(stage, "get_notification_task") as provider,
        TestClient(app) as client,
    ):
        provider.return_value = MagicMock()
        response = client.post("/send-notification/eve@example.com")

    assert response.status_code == 200
    print("provider called:", provider.called)
    print("written to the real file:", stage.NOTIFICATIONS.read_text())


patched_test(stage.app)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The patched provider was **never called**, and a real notification was
# written. When the module was imported, `Depends` stored the function object.
# `patch` changes only the *name* in the module, and FastAPI does not use this
# name again. The test would be green even without `add_task`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: overriding with the work itself
#
# The next mistake is worse, because the code looks right. The override is the
# fake task itself, and not a function that *returns* it. When does FastAPI
# call it?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "Is the row of `remember` left or right of the
# green line?" Expect three wrong answers: right, as a task; nowhere, there is
# an error; both. Right: it is *left* of the line, as a dependency, and it got
# `?message=Hm` from the request. The next cell prints `200
# [('ada@example.com', 'Hm')]`. So a client can choose the message. Point at
# the last row, `NoneType`: the endpoint added `None` as its task. Its
# `TypeError` comes after the response, so the client still has a 200.

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
# FastAPI used `remember` as the *provider*: it read the parameters from the
# request, and called `remember` **before** the response. The endpoint got
# `None`, and added `None` as its task. `outbox` contains an address, so a test
# that checks only `outbox` is green.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: calling the provider
#
# `Depends(get_task())` has parentheses: they call the provider once, while the
# module is imported. `Depends` gets the return value of `get_task()`: the
# *task*, not the provider. It is the same mistake as in the section
# before, but now it is in the application, not in the test.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "When is `get_task` called, and when is `write`
# called?" Expect three wrong answers: `get_task` for each request, and `write`
# after the response; both once, at import; `write` never. Right: `get_task` is
# called once, at import, and `write` for each request, before the endpoint.
# The next cell prints `Notification for ada@example.com: Hello World!`, and
# its order begins with `write called`.

# %% slideshow={"slide_type": "fragment"}
from typing import Annotated

from fastapi import Depends

broken = FastAPI()


def write(email: str, message: str = "Hello World!") -> None:
    print(f"Notification for {email}: {message}")


def get_task():
    return write


@broken.post("/send-notification/{email}")
async def send_notification(
    email: str, task: Annotated[None, Depends(get_task())]
) -> str:
    return "sent"  # `task` is None: FastAPI has already called `write`


send(broken, "POST", "/send-notification/ada@example.com").order

# %% [markdown] slideshow={"slide_type": "skip"}
# ## What it costs
#
# A dependency is one more function call. A plain `def` also needs a worker
# thread. Stage 1 does the same work without a dependency. We send a hundred
# requests to each of these two stages, in turn.

# %% slideshow={"slide_type": "skip"}
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

# %% [markdown] slideshow={"slide_type": "skip"}
# The difference is the cost of one dependency: usually 0.1 to 0.5 ms. The tool
# that draws the pictures (the *recorder*) makes it larger. Most of the waiting
# time is the request itself and the check of the address. `python3 start.py
# bench` measures without the recorder.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 1 minute.** Hide the notebook. Ask: "Which override is right:
# `remember`, `lambda: remember` or `lambda: remember()`?" Expect three wrong
# answers: `remember`, because it is the fake; `lambda: remember()`, because a
# provider has to call the task; the first two. Right: `lambda: remember`. The
# third one is a `TypeError` before the response, so a 500.
#
# Exercise 2 takes 20 to 25 minutes: `python3 start.py watch 2`. Mistakes to
# expect: `return send_welcome()`; `Depends(get_welcome_task())`; the endpoint
# calls the provider itself; `add_task(send_welcome, …)` and not the provided
# task; an `async def` around the work, which then blocks the event loop.
#
# If the class asks:
#
# - Why not a default value, without `Depends`? FastAPI would take the parameter
#   from the request, and no test could replace the task.
# - Is an `async def` provider cheaper? Yes, it needs no thread. It must not
#   block.
# - May a provider be a class or a lambda? Yes, FastAPI calls any callable.
# - Is it called in the next request again? Yes, once for each request.
# - Does FastAPI check `Callable[[str, str], None]`? No, only mypy does.
# - Two endpoints, two tasks? Write two providers.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - provide a task with a dependency, and say who calls which function, and
#   when;
# - replace a task in a test, with `dependency_overrides`;
# - find out whether a green test proves anything.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see |
# |---|---|
# | patching the provider's name | the mock is never called, the real work runs |
# | overriding with the task itself | the fake runs before the response |
# | `Depends(get_task())` | the work runs before the response |
# | a `MagicMock` as override ([testing](testing.ipynb)) | 422: FastAPI now expects the query parameters `args` and `kwargs` |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 2](../exercises/ex02_task_dependency.py), then
# [stage 3](03_chained_dependencies.ipynb), where the task needs a logger.
