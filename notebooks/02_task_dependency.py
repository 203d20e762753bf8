# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 2 · The endpoint asks for its task
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
# - the work is apart from the endpoint, and you can read it alone,
# - several endpoints can use the same work,
# - a test replaces the work in one line,
# - the work gets what it needs in the same way (that is stage 3).

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 1 minute.** Show the endpoint of stage 1. Ask: "How can you try
# it without writing into the file?" Expect three wrong answers: delete the
# line with `add_task`; write an `if testing:` into the endpoint; replace the
# function in the module with `patch`. The first two change the application.
# The third one works in stage 1, but not for a function that FastAPI has kept:
# a section below shows that.

# %% slideshow={"slide_type": "skip"}
from course.lesson import compare, new_in, running, send, start_afresh

start_afresh()

from stages import s02_task_dependency as stage

# %% slideshow={"slide_type": "subslide"}
new_in("s02")

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Point at the endpoint: it has one new parameter and
# no name of a function. Point at `get_notification_task`: its `return` has no
# parentheses. Ask: "What would change with `return write_notification()`?"
# Expect three wrong answers: nothing; the task runs twice; the task runs after
# the response, without arguments. The work would be called before the
# response, and without its arguments that is an error: a 500.

# %% [markdown] slideshow={"slide_type": "subslide"}
# There are two functions, and they are easy to confuse:
#
# - `get_notification_task` is the **provider**. FastAPI calls it for each
#   request, before the endpoint.
# - `write_notification` is the **work**. The provider *returns* it, without
#   parentheses. It is called after the response has been sent.

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
# **In class, 3 minutes.** Ask: "Who calls `get_notification_task`, and who
# calls `write_notification`?" The answers are "FastAPI, before the endpoint"
# and "the response, after it was sent". Expect three wrong answers:
#
# 1. The endpoint begins, and then asks for its task.
# 2. `Depends` calls the work, so the work comes before the endpoint.
# 3. The provider is called once, when the application starts.
#
# Many wrong answers to exercise 2 confuse these two functions. Demo:
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
# `dependency_overrides` is a dictionary: *instead of this dependency, call
# that one*. The replacement must return the same kind of thing: a callable.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "What must the replacement return?" Expect
# three wrong answers: nothing, because it is the task; the address and the
# message; a `BackgroundTasks`. It returns a callable, as the provider does:
# `lambda: remember` is a provider that returns `remember`.

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
# The picture says which dependency the fake replaced. We did not change the
# endpoint, we patched no name, and nothing was written into the file.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: patching the name
#
# Many tests replace the provider with `unittest.mock.patch`. Here is such a
# test, and it is green. Was the mock called?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 3 minutes.** Ask: "What does this test prove?" Expect three wrong
# answers: that the task was added; that the mock was called; that nothing was
# written. Live: delete the line with `add_task` in the stage, restart the
# kernel, and run the notebook down to here. The patched test is still green,
# but the outbox of the override above is empty. Put the line back.

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
# written. `Depends` has kept the function itself since the module was
# imported, so rebinding the module's *name* has no effect. The test would be
# green even without `add_task`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: overriding with the work itself
#
# This is worse, because it looks right. The override is the fake task itself,
# and not a function that *returns* it. When does FastAPI call it?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "Is this row left or right of the green line?"
# Expect three wrong answers: right, as a task; nowhere, there is an error;
# both. `remember` is *left* of the line, as a dependency, and it got
# `?message=Hm` from the request. Ask what a client could do with that.

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
# `None`, and added `None` as its task. The fake has remembered an address, so a
# careless test is green.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: calling the provider
#
# `Depends(get_task())` calls the provider once, while the module is imported.
# FastAPI should call it for each request. What `get_task()` returned is now
# the dependency, and that is the *task*. So this is the mistake of the section
# above again, now in the application itself.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 1 minute.** Ask: "When is `get_task` called, and when is `write`
# called?" Expect three wrong answers: `get_task` for each request, and `write`
# after the response; both once, at import; `write` never. `get_task` is called
# once, at import, and `write` for each request, before the endpoint.

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
# A dependency is one more function call. A plain `def` also needs a worker
# thread. Stage 1 does the same work without a dependency. We send a hundred
# requests to each stage, in turn:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 1 minute.** Ask: "What does one dependency cost?" Expect three
# wrong answers: nothing; as much as the request itself; some milliseconds.

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
# The difference is the cost of one dependency: some tenths of a millisecond.
# The recorder causes a part of it. Most of the waiting time is the request
# itself and the check of the address. `python3 start.py bench` measures without
# the recorder.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - provide a task by a dependency, and say who calls which function, and when;
# - replace a task in a test, with `dependency_overrides`;
# - find out whether a green test proves anything.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see |
# |---|---|
# | patching the provider's name | the mock is never called, the real work runs |
# | overriding with the task itself | it runs before the response |
# | `Depends(get_task())` | it runs before the response, for every request, even for a 422 |
# | a `MagicMock` as override | 422: its signature becomes query parameters |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 2](../exercises/ex02_task_dependency.py), then
# [stage 3](03_chained_dependencies.ipynb), in which the task needs a logger.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Questions that you can now answer
#
# People ask these in public trackers. Each is a small application with its
# answer: `python3 start.py ask` and the number runs it.

# %% slideshow={"slide_type": "fragment"}
from course.lesson import questions

questions("02")
