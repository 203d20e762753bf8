"""The client of the checks, and what it tells of the last request."""

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest
from fastapi import BackgroundTasks, FastAPI

from checks.asgi import Client
from checks.fakes import Work
from checks.story import story

NAME = "ex00_made_up"
ADA, BOB = "/welcome/ada@example.com", "/welcome/bob@example.com"


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Make an answer to exercise 1, known as one that was imported."""
    module = ModuleType(NAME)
    monkeypatch.setitem(sys.modules, NAME, module)
    module.__dict__["app"] = app = FastAPI()
    module.__dict__["send_welcome"] = print
    module.__dict__["began"] = began = []

    @app.post("/welcome/{email}", status_code=202)
    async def welcome(email: str, tasks: BackgroundTasks) -> None:
        began.append(email)
        tasks.add_task(module.send_welcome, email)

    return module


@pytest.fixture
def client(answer: ModuleType) -> Iterator[Client]:
    """Give a client of it."""
    with Client(answer.app, f"{NAME}.py") as client:
        yield client


def test_what_comes_together_comes_in_its_order(
    answer: ModuleType, client: Client
) -> None:
    """All endpoints in the order of the call, then all tasks likewise."""
    for paths in ([ADA, BOB], [BOB, ADA]) * 5:
        work = Work(client)
        answer.__dict__["send_welcome"] = work.awaited
        answer.began.clear()
        found = client.post_together(*paths)
        client.finish()
        emails = [path.removeprefix("/welcome/") for path in paths]
        assert [each.status_code for each in found] == [202, 202]
        assert answer.began == work.emails == emails


def test_an_order_names_what_a_fake_stands_for(
    answer: ModuleType, client: Client
) -> None:
    """And what the exception says that left the application."""
    work = Work(client, raises=OSError("no server"))
    answer.__dict__["send_welcome"] = work.plain
    client.post(ADA)
    client.finish()
    assert story(client)["order"].split(" → ") == [
        "welcome began",
        "welcome ended",
        "response sent",
        "send_welcome (replaced) began",
        "send_welcome (replaced) raised OSError: no server",
        "error reached the server: OSError",
    ]
    client.server.hangs = True
    assert story(client) == {}, "what is over is not what hangs"


def test_a_task_that_only_the_check_knows_is_called_so(
    client: Client, answer: ModuleType
) -> None:
    """It came by a dependency: no name of the answer's stands for it."""
    work = Work(client)
    answer.__dict__["send_welcome"] = work.plain
    client.post(ADA)
    client.finish()
    answer.__dict__["send_welcome"] = print
    assert "the check's task began" in story(client)["order"]


def test_a_fake_that_the_answer_calls_itself_is_in_the_order(
    client: Client, answer: ModuleType
) -> None:
    """It began inside the endpoint: no task of the server's."""
    work = Work(client)

    @answer.app.post("/called/{email}")  # type: ignore[untyped-decorator]
    async def called(email: str) -> None:
        work.plain(email)

    client.post("/called/ada@example.com")
    client.finish()
    assert story(client)["order"].split(" → ") == [
        "called began",
        "the check's task began",
        "called ended",
        "response sent",
    ]


def test_before_a_mere_look_the_request_with_the_task_is_told(
    client: Client, answer: ModuleType
) -> None:
    """What a GET shows was done by the POST before it."""

    @answer.app.get("/look")  # type: ignore[untyped-decorator]
    async def look() -> None: ...

    client.post(ADA)
    client.finish()
    client.get("/look")
    client.finish()
    told = story(client)
    assert told["did"] == f"POST {ADA}, and then GET /look"
    assert "welcome began" in told["order"]


def test_the_line_is_the_one_in_which_the_error_arose(
    client: Client, answer: ModuleType
) -> None:
    """Not the one that raises it again."""
    code = (
        "def fail(email):\n"
        "    try:\n"
        "        int(email)\n"
        "    except ValueError:\n"
        "        raise\n"
    )
    exec(compile(code, f"{NAME}.py", "exec"), answer.__dict__)  # noqa: S102
    answer.__dict__["send_welcome"] = answer.fail
    client.post(ADA)
    client.finish()
    assert story(client)["place"] == f"{NAME}.py:3"


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt()])
def test_all_that_leaves_the_application_is_known(
    answer: ModuleType, client: Client, error: BaseException
) -> None:
    """What is no Exception as well."""

    def fail(_: str) -> None:
        raise error

    answer.__dict__["send_welcome"] = fail
    client.post(ADA)
    client.finish()
    assert client.errors == [error]


def test_a_fake_knows_when_it_holds_up_all_others(
    answer: ModuleType, client: Client
) -> None:
    """A `def` task runs in a worker thread, an `async def` on the loop."""
    work = Work(client)
    answer.__dict__["send_welcome"] = work.plain
    client.post(ADA)
    client.finish()
    assert not work.on_the_loop

    async def call(email: str) -> None:
        work.plain(email)

    answer.__dict__["send_welcome"] = call
    client.post(ADA)
    client.finish()
    assert work.on_the_loop
