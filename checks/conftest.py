"""Fixtures for every check: `answer`, the module, and its `client`.

pytest checks/test_ex01_background_task.py    your answer, in exercises/
pytest checks --target=solutions              other answers, in any folder
"""

from collections.abc import Generator, Iterator
from types import ModuleType

import pytest

from checks.answers import SKIPS, answer_for, imported, passes_through
from checks.asgi import Client
from checks.blocking import Blocking
from checks.expect import UnmetError
from checks.loggers import logging_kept_apart, without_pytests_handlers
from checks.story import story

pytest.register_assert_rewrite("checks.jobs")  # helpers that assert
pytest.register_assert_rewrite("checks.uploads")  # as in a check

CALLED = (
    "add_task was given what a call returned, not a function: leave out the"
    " parentheses, as in `add_task(function, argument)`, `Depends(function)`"
)


def was_called(client: Client) -> bool:
    """See whether the server tried to call something that is no function."""
    return any(
        isinstance(each, TypeError)
        and str(each).endswith((" not callable", " must be callable"))
        for each in client.errors
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take --target=FOLDER."""
    parser.addoption(
        "--target",
        default="exercises",
        help="the folder of the answers to check: exercises, solutions, …",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Say what the marks of a check mean."""
    for line in (
        "points(number): what the check is worth",
        "after(name): it makes no sense before that check passes",
        "slow(seconds): how much longer it may take than others",
        "picture: below a failure stands a picture of the last request",
    ):
        config.addinivalue_line("markers", line)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Show the warnings of an answer: they are no errors of a check."""
    for item in items:
        if item.get_closest_marker("points"):
            item.add_marker(pytest.mark.filterwarnings("default"))


@pytest.fixture
def answer(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """Give the learner's module, imported afresh for this check."""
    target = request.config.getoption("--target")
    path = answer_for(request.path, target)
    with logging_kept_apart(), imported(path) as module:
        yield module


@pytest.fixture
def blocking(monkeypatch: pytest.MonkeyPatch) -> Blocking:
    """Watch what blocks the event loop; ask for it before `answer`."""
    return Blocking(monkeypatch)


@pytest.fixture
def client(answer: ModuleType) -> Iterator[Client]:
    """Give a client of the answer's `app`."""
    if not hasattr(answer, "app"):
        pytest.fail(
            f"{answer.__name__}.py has no `app`: the checks send their"
            " requests to it. Name your FastAPI application so.",
            pytrace=False,
        )
    with Client(answer.app, answer.__file__ or "") as client:
        yield client


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Import the answer with the root logger as Python leaves it."""
    with without_pytests_handlers():
        return (yield)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Run the check likewise; an answer may not skip it."""
    with without_pytests_handlers():
        try:
            return (yield)
        except UnmetError as unmet:
            client = getattr(item, "funcargs", {}).get("client")
            if isinstance(client, Client):
                client.settle()
                unmet.why = CALLED if was_called(client) else unmet.why
            raise
        except (pytest.skip.Exception, pytest.xfail.Exception) as exc:
            path = answer_for(item.path, item.config.getoption("--target"))
            if passes_through(path, exc):
                pytest.fail(SKIPS, pytrace=False)
            raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the last request below a check that fails."""
    report = yield
    client = getattr(item, "funcargs", {}).get("client")
    if call.when == "call" and report.failed and isinstance(client, Client):
        told = story(client)
        report.sections += [(key, told[key]) for key in told if told[key]]
        if client.picture and item.get_closest_marker("picture"):
            report.sections.append(("picture", client.picture))
    return report
