# %% [markdown] slideshow={"slide_type": "slide"}
# # Testing tasks
#
# *20 minutes · 5 more at the end, on databases ·
# builds on [stage 5](05_task_tracker.ipynb) · tests to learn from are in
# [tests/stages](../tests/stages/test_s03_chained_dependencies.py)*
#
# A test of an endpoint looks at the answer. A task runs *after* the answer, and
# the answer is the same whether the task ran, ran twice or was never scheduled.
# So a test of a task asks five more questions:
#
# - did it run, and **once**?
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

from course.lesson import compare, table
from stages import s03_chained_dependencies as stage

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Alone: the task without an application
#
# A provider is a function. Call it with what it needs, and it gives the task.
# What it needs is *real* and remembers; nothing is mocked:


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
# This is why a provider takes what it needs as `Annotated` parameters. With
# the older form `logger=Depends(get_logger)` the default *is* the `Depends`
# object, and a call without FastAPI gets it:


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
# ## Through the application: a fake that remembers
#
# That the endpoint *schedules* the task, only a request can show. The fake has
# the task's own form, and a list.

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
# One `==` on the list answers three questions: it ran, once, with these
# values, and not for the refused one. `assert sent` alone answers the first.
# `mock.assert_any_call(…)` would be content with two calls.
#
# A `TestClient` has waited for the task. That is a nuisance when you want to
# see what comes first, and just right here: no sleeping, no polling.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** In pytest the two lines around the request are a fixture, so
# that the overrides are cleared when the test fails as well: show `logger` in
# tests/stages/test_s03_chained_dependencies.py. Forgetting it is a classic:
# the next test is green with the fake of the one before.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Predict: which of these tests is worth anything?
#
# A small application, and three ways to spoil it: the task is never scheduled,
# scheduled twice, or called before the response.

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
# And five tests of it. The second one patches the *name* of the provider.

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
# All five pass on the right application. Write down which of them *notice*
# that the task is never scheduled:

# %% slideshow={"slide_type": "fragment"}
guess = ["a_patched_name", "the_fake_as_override", "a_fake_that_remembers"]


# %% slideshow={"slide_type": "fragment"}
def notices(test: Callable[[SimpleNamespace], None], fault: str) -> bool:
    try:
        test(make(fault))
    except Exception:  # an assertion, or what the client let through
        return True
    return False


assert not any(notices(test, "") for test in TESTS)
found = {f: [t.__name__ for t in TESTS if notices(t, f)] for f in FAULTS}
compare(guess, found["never scheduled"])

# %% slideshow={"slide_type": "subslide"}
table(
    ["which test notices …", *FAULTS],
    [
        [name, *("✓" if name in found[fault] else "" for fault in FAULTS)]
        for name in (test.__name__ for test in TESTS)
    ],
)

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Let everybody commit to a guess. Then ask for each empty place:
# why is that test green? The patched name: `Depends` has kept the function
# since the endpoint was made, so the patch changes nothing and the mock is
# never called. The fake as override: FastAPI calls it as the *provider*, with
# the request's values.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **One** of five notices that the task is never scheduled.
#
# - *A patched name* notices nothing at all: `Depends` has kept the function
#   itself. The mock is never called, the real task runs.
# - *The fake as override* is worse, for it has a list with the right address
#   in it. FastAPI called the fake as a provider, with the request's values;
#   the endpoint added `None`, and `raise_server_exceptions=False` hid that
#   this can't be called. It is green on the right application by mistake.
# - *A fake that remembers* sees whether and how often, but not when.
# - *A fake that fails* sees when: after the response an exception changes no
#   answer, before it there is no such answer.
#
# A test is worth what it notices. **Spoil the code, and see it turn red.**

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What a `TestClient` does with a failing task
#
# It raises in the test what the task raised, as if there had been no answer.
# `raise_server_exceptions=False` gives the answer, and hides the failure:

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
# On a real server the client has its 200 in either case, and the error is in
# the log. So use the second form only where the failure is what you test, and
# check there that it happened.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## "After the response", said outright
#
# A `TestClient` can't see what comes first. The messages that the application
# sends to its server can, and the course's recorder reads those:

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
# A mock accepts every call, and says so in its signature: `*args, **kwargs`.
# FastAPI reads the signature of a dependency to know what the *request* has
# to bring:

# %% slideshow={"slide_type": "fragment"}
right.app.dependency_overrides[right.get_task] = MagicMock()
answer = TestClient(right.app).post(PATH)
right.app.dependency_overrides.clear()
print(answer.status_code, [d["loc"] for d in answer.json()["detail"]])

# %% [markdown] slideshow={"slide_type": "fragment"}
# Give a function instead: `lambda: mock` is a provider without parameters.

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Ask for `*args, **kwargs` first: what would you send so that
# this request is accepted? `?args=1&kwargs=2` is a 200, and the mock is then
# the *provider*.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## No sleeping
#
# A task that waits takes what waits as an argument. The test hands it a list's
# `append`, which takes no time and remembers how long it would have been:


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

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Two tests that sleep for a second each are nothing; two hundred
# are three minutes, and people stop running them.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The whole suite of a stage
#
# In a terminal: `pytest -v` and the file's name. Each test's name is a promise.
# It takes some seconds, and shows each test when it has ended:

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
# - test through the application that it ran, once, with what, and when not;
# - say what a green test would not notice, by spoiling the code.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see |
# |---|---|
# | the provider's name is patched | green, with `add_task` deleted |
# | the override is the fake itself | green, with `add_task` deleted |
# | the override is a bare `MagicMock` | 422: `args` and `kwargs` are missing |
# | `assert sent` | scheduled twice is green |
# | `raise_server_exceptions=False` everywhere | a task that fails is green |
# | overrides are not cleared | the next test has your fake |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 7](../exercises/ex07_test_a_task.py): your tests, and
# eight broken applications that they have to notice. Then
# [the five projects](projects.ipynb).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## More: a database for a test
#
# *5 minutes.* A database in memory is quick, and belongs to **one thread**. A
# `def` endpoint and a `def` task run in other ones:

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
# `StaticPool` gives all threads the same connection: good enough for a test
# that does one thing at a time. For tasks that run at once take a file in
# pytest's `tmp_path`. Either way the test puts its factory in the place of the
# application's, by `dependency_overrides[get_session_factory]`.
#
# The lifespan does **not** see the overrides. It calls `get_session_factory`
# itself, and an override replaces only what `Depends` asks for. This test has
# a database in memory, and the stage makes its own file all the same:

# %% slideshow={"slide_type": "fragment"}
import stages.s05_task_tracker as tracker
from course.folders import data_dir
from course.mailbox import authority

authority(data_dir())  # the stage needs the mailbox's certificate
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
# So the test also sets the environment, `DATABASE_URL`, and clears what
# `lru_cache` keeps, or it uses no lifespan: `TestClient(app)` without a `with`
# runs none. [Stage 6](06_at_work.ipynb) also prepares its database in its
# lifespan, so its tests set the environment.

# %% [markdown] slideshow={"slide_type": "fragment"}
# Now write some: [exercise 7](../exercises/ex07_test_a_task.py).
