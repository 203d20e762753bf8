# %% [markdown] slideshow={"slide_type": "slide"}
# # Testing tasks
#
# *25 minutes · 5 more at the end on databases ·
# builds on [stage 5](05_task_tracker.ipynb) · example tests are in
# [tests/stages](../tests/stages/test_s03_chained_dependencies.py)*
#
# A test of an endpoint checks the answer. A task runs *after* the answer. The
# answer is the same when the task ran once, ran twice or was never scheduled.
# So a test of a task has to answer five more questions:
#
# - did it run exactly **once**?
# - with the right **values**?
# - **after** the response?
# - and **not at all** when the request was refused?
# - what happens when it **fails**?

# %% slideshow={"slide_type": "skip"}
import logging
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.testclient import TestClient
from pydantic import EmailStr

from course.lesson import compare, start_afresh, table

start_afresh()

from stages import s03_chained_dependencies as stage

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Test the task alone, without an application
#
# A provider is a function. Call it with its arguments, and it returns the task.
# Here its argument is a logger. We use a *real* logger with a handler that
# remembers the lines, and mock nothing:


# %% slideshow={"slide_type": "fragment"}
class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


log = Lines()
logger = logging.Logger("the test's")
logger.addHandler(log)

task = stage.get_notification_task(logger)
task("ada@example.com", "Hi!")
assert log.lines == [
    "Sending notification to ada@example.com",
    "Notification sent to ada@example.com",
]

# %% [markdown] slideshow={"slide_type": "subslide"}
# If you want to call a provider yourself, use `Annotated` for its parameters.
# In the older form `logger=Depends(get_logger)` the default value *is* the
# `Depends` object, so a call without FastAPI gets this object as its logger:


# %% slideshow={"slide_type": "fragment"}
def get_old_task(logger: logging.Logger = Depends(stage.get_logger)):
    def task() -> None:
        logger.info("hello")

    return task


try:
    get_old_task()()
except AttributeError as error:
    print(error)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Test through the application, with a fake that remembers
#
# Only a request can show that the endpoint *schedules* the task. The fake has
# the same parameters as the task, and appends their values to a list.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** In pytest, set and clear the override in a fixture.
# Then it is cleared even when the test fails. Show the fixture `logger` in
# tests/stages/test_s03_chained_dependencies.py. If you do not clear the
# override, the next test uses this test's fake, and may be green only because
# of it.

# %% slideshow={"slide_type": "fragment"}
sent: list[tuple[str, str]] = []


def remember(email: str, message: str) -> None:
    sent.append((email, message))


stage.app.dependency_overrides[stage.get_notification_task] = lambda: remember
with TestClient(stage.app) as client:
    client.post("/send-notification/ada@example.com")
    refused = client.post("/send-notification/not-an-email")
stage.app.dependency_overrides.clear()

assert refused.status_code == 422
assert sent == [("ada@example.com", "Hello World!")]

# %% [markdown] slideshow={"slide_type": "subslide"}
# One `==` on the list answers three of the five questions: the task ran exactly
# once, with these values, and not for the refused request. `assert sent` alone
# shows only that it ran. `mock.assert_any_call(…)` also passes after two calls.
#
# The `TestClient` has waited for the task. So the test needs no sleeping and
# no polling, but it cannot see whether the task ran before or after the
# response.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Predict: which of these tests notices a fault?
#
# Here is a small application. We can put three faults into it: the task is never
# scheduled, scheduled twice, or called before the response.

# %% slideshow={"slide_type": "fragment"}
FAULTS = ["never scheduled", "scheduled twice", "before the response"]


def make(fault: str = "") -> SimpleNamespace:
    app = FastAPI()

    def get_task() -> Callable[[str], None]:
        return lambda email: None

    Task = Annotated[Callable[[str], None], Depends(get_task)]

    @app.post("/welcome/{email}")
    async def welcome(
        email: EmailStr, background_tasks: BackgroundTasks, task: Task
    ) -> str:
        if fault == "before the response":
            task(email)
        elif fault != "never scheduled":
            background_tasks.add_task(task, email)
        if fault == "scheduled twice":
            background_tasks.add_task(task, email)
        return "scheduled"

    return SimpleNamespace(app=app, get_task=get_task)


# %% [markdown] slideshow={"slide_type": "subslide"}
# Here are five tests of this application. The second one patches the *name* of
# the provider.

# %% slideshow={"slide_type": "fragment"}
from unittest.mock import MagicMock, patch

PATH = "/welcome/ada@example.com"


def the_answer_only(target: SimpleNamespace) -> None:
    assert TestClient(target.app).post(PATH).json() == "scheduled"


def a_patched_name(target: SimpleNamespace) -> None:
    with patch.object(target, "get_task", return_value=MagicMock()):
        assert TestClient(target.app).post(PATH).json() == "scheduled"


def the_fake_as_override(target: SimpleNamespace) -> None:
    seen: list[str] = []

    def fake(email: str) -> None:
        seen.append(email)

    target.app.dependency_overrides[target.get_task] = fake
    client = TestClient(target.app, raise_server_exceptions=False)
    assert client.post(PATH).json() == "scheduled"
    assert seen == ["ada@example.com"]


def a_fake_that_remembers(target: SimpleNamespace) -> None:
    seen: list[str] = []
    target.app.dependency_overrides[target.get_task] = lambda: seen.append
    TestClient(target.app).post(PATH)
    assert seen == ["ada@example.com"]


def a_fake_that_fails(target: SimpleNamespace) -> None:
    def fail(email: str) -> None:
        raise ValueError(email)

    target.app.dependency_overrides[target.get_task] = lambda: fail
    client = TestClient(target.app, raise_server_exceptions=False)
    assert client.post(PATH).json() == "scheduled"


TESTS = [
    the_answer_only,
    a_patched_name,
    the_fake_as_override,
    a_fake_that_remembers,
    a_fake_that_fails,
]

# %% [markdown] slideshow={"slide_type": "subslide"}
# All five pass when the application has no fault. Which of them *notice* that
# the task is never scheduled? Write their names into the list, for example
# `["the_answer_only"]`:

# %% slideshow={"slide_type": "fragment"}
guess = []

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 5 minutes.** Ask everybody to write a guess down. Expect three
# wrong answers: all but the first; the patched name, because it has a mock; the
# fake as override, because it has a list. Then ask for each empty cell in the
# table: "Why is that test green?"


# %% slideshow={"slide_type": "fragment"}
def notices(test: Callable[[SimpleNamespace], None], fault: str) -> bool:
    try:
        test(make(fault))
    except Exception:  # an AssertionError, or one from the application
        return True
    return False


assert not any(notices(test, "") for test in TESTS)
found = {f: [t.__name__ for t in TESTS if notices(t, f)] for f in FAULTS}
compare(guess, found["never scheduled"])

# %% slideshow={"slide_type": "subslide"} jupyter={"outputs_hidden": true}
table(
    ["which test notices …", *FAULTS],
    [
        [name, *("✓" if name in found[fault] else "" for fault in FAULTS)]
        for name in (test.__name__ for test in TESTS)
    ],
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **One** of five notices that the task is never scheduled.
#
# - *A patched name* notices no fault: `Depends` has kept the function itself.
#   The mock is never called, and the real task runs.
# - *The fake as override* is worse, because its list looks right. FastAPI
#   called the fake as a provider, with the request's values. The fake returned
#   `None`, so the endpoint added `None` as its task.
#   `raise_server_exceptions=False` hid the error.
# - *A fake that remembers* notices whether the task ran and how often, but not
#   when it ran.
# - *A fake that fails* notices when the task ran: an exception before the
#   response changes the answer, an exception after it does not.
#
# A green test alone says little. **Break the code, and see whether the test
# fails.**

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What a `TestClient` does with a failing task
#
# It raises the task's exception in the test, so the test does not get the answer.
# With `raise_server_exceptions=False` the test gets the answer, but does not see
# the failure:

# %% slideshow={"slide_type": "fragment"}
right = make()


def fail(email: str) -> None:
    raise ValueError(email)


right.app.dependency_overrides[right.get_task] = lambda: fail
try:
    TestClient(right.app).post(PATH)
except ValueError as error:
    print("raised in the test:", repr(error))
hiding = TestClient(right.app, raise_server_exceptions=False)
print("hidden:            ", hiding.post(PATH).status_code)

# %% [markdown] slideshow={"slide_type": "fragment"}
# On a real server the client gets its 200, and only the log shows the error.
# So use `raise_server_exceptions=False` only in a test about a failure, and
# check in this test that the task failed.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Test "after the response"
#
# With a `TestClient` you cannot see the order. But the application sends ASGI
# messages to the server, and these messages have an order. The course's
# recorder reads them:

# %% slideshow={"slide_type": "fragment"}
from course.lesson import Happened
from fastapi_timeline import record

with record(stage.app) as timeline, TestClient(stage.app) as client:
    response = client.post("/send-notification/ada@example.com")
order = timeline.order
assert order.index("response sent") < order.index("write_notification began")
Happened(response, timeline.last)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: a `MagicMock` as override
#
# A mock accepts every call: its signature is `*args, **kwargs`. FastAPI reads the
# signature of a dependency to know which parameters the *request* must have.
# Which status does the client get?

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 2 minutes.** Ask: "Which status does the client get?" Expect
# three wrong answers: 200, because a mock accepts everything; 500; 200, and
# the mock was called with the address. Then ask: "What would you send so that
# this request is accepted?" `?args=1&kwargs=2` gets a 200: FastAPI then calls
# the mock as the *provider*.

# %% slideshow={"slide_type": "fragment"}
right.app.dependency_overrides[right.get_task] = MagicMock()
answer = TestClient(right.app).post(PATH)
right.app.dependency_overrides.clear()
print(answer.status_code, [d["loc"] for d in answer.json()["detail"]])

# %% [markdown] slideshow={"slide_type": "fragment"}
# Use a function instead: `lambda: mock` is a provider without parameters.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## No sleeping
#
# If a task has to wait, give it its `sleep` function as an argument. The test
# passes a list's `append` instead. That takes no time, and remembers each pause:

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class, 1 minute.** Two tests that sleep for a second each do not matter.
# Two hundred of them take three minutes, and people stop running them.


# %% slideshow={"slide_type": "fragment"}
def deliver(
    send: Callable[[], bool], sleep: Callable[[float], None] = time.sleep
) -> bool:
    for pause in (1, 2, 4):
        if send():
            return True
        sleep(pause)
    return send()


pauses: list[float] = []
began = time.perf_counter()
assert not deliver(lambda: False, sleep=pauses.append)
assert pauses == [1, 2, 4]
print(f"seven seconds in {(time.perf_counter() - began) * 1000:.2f} ms")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The whole suite of a stage
#
# The next cell runs all tests of stage 3, which takes some seconds. In a
# terminal, the command is
# `python -m pytest -v tests/stages/test_s03_chained_dependencies.py`. Each
# test name says what the stage must do:

# %% slideshow={"slide_type": "fragment"}
import subprocess
import sys
from pathlib import Path

with subprocess.Popen(
    [sys.executable, "-m", "pytest", "-v"]
    + ["tests/stages/test_s03_chained_dependencies.py"],
    cwd=Path(stage.__file__).parents[1],
    stdout=subprocess.PIPE,
    text=True,
) as tests:
    for line in tests.stdout or ():
        if "::" in line:
            name, _, verdict = line.partition("::")[2].partition(" ")
            print(verdict.split()[0], name)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - test a task alone, by calling its provider;
# - test through the application that a task ran once and with the right
#   values, and that it did not run after a refused request;
# - find out what a green test does not notice, by breaking the code.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see |
# |---|---|
# | the provider's name is patched | the test is green although `add_task` was deleted |
# | the override is the fake itself | the test is green although `add_task` was deleted |
# | the override is a bare `MagicMock` | 422: `args` and `kwargs` are missing |
# | `assert sent` | a task that is scheduled twice is not noticed |
# | `raise_server_exceptions=False` everywhere | a task that fails is not noticed |
# | overrides are not cleared | the next test has your fake |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 7](../exercises/ex07_test_a_task.py). It has eight broken
# applications. You write tests, and for each application at least one test
# must fail. Then [the five projects](projects.ipynb).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## More: a database for a test
#
# *5 minutes.* A database in memory is fast, but it belongs to **one thread**. A
# `def` endpoint and a `def` task run in other threads:

# %% slideshow={"slide_type": "fragment"}
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from stages.s05_task_tracker import Base, TaskLog


def count(engine: sa.Engine) -> object:
    with engine.connect() as connection:
        query = sa.select(sa.func.count(TaskLog.id))
        return connection.scalar(query)


anybody = {"check_same_thread": False}
in_memory = sa.create_engine("sqlite://", connect_args=anybody)
shared = sa.create_engine(
    "sqlite://", connect_args=anybody, poolclass=StaticPool
)
for name, engine in [("in memory", in_memory), ("shared", shared)]:
    Base.metadata.create_all(engine)
    with ThreadPoolExecutor(1) as thread:
        try:
            print(name, "→ rows:", thread.submit(count, engine).result())
        except sa.exc.OperationalError as error:
            print(name, "→", error.orig)
    engine.dispose()

# %% [markdown] slideshow={"slide_type": "subslide"}
# `StaticPool` gives all threads the same connection. That is enough for a test that
# does one thing at a time. If tasks run at the same time, use a file in pytest's
# `tmp_path`. In both cases the test replaces the application's factory with
# `dependency_overrides[get_session_factory]`.
#
# Overrides do **not** change the lifespan. The lifespan calls
# `get_session_factory` itself, and an override replaces only what `Depends`
# asks for. This test has a database in memory, but the stage still makes its
# own file:

# %% slideshow={"slide_type": "fragment"}
import stages.s05_task_tracker as tracker

factory = sa.orm.sessionmaker(shared)
database = Path("data/s05_task_tracker.db")
database.unlink(missing_ok=True)
tracker.get_session_factory.cache_clear()
tracker.app.dependency_overrides[tracker.get_session_factory] = lambda: factory
try:
    with TestClient(tracker.app):
        print("the real file is there:", database.exists())
finally:
    tracker.app.dependency_overrides.clear()
    tracker.get_session_factory().kw["bind"].dispose()
    tracker.get_session_factory.cache_clear()
shared.dispose()

# %% [markdown] slideshow={"slide_type": "subslide"}
# So a test has two possibilities. It sets `DATABASE_URL` in the environment,
# and calls `get_session_factory.cache_clear()`. Or it does not run the
# lifespan: it uses `TestClient(app)` without a `with`.
# [Stage 6](06_at_work.ipynb) also prepares its database in the lifespan, so its
# tests set the environment.

# %% [markdown] slideshow={"slide_type": "fragment"}
# Now write some tests: [exercise 7](../exercises/ex07_test_a_task.py).
