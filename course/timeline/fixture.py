"""A pytest fixture: assert on the order, and see it where a test fails.

    def test_the_response_is_first(timeline):
        recorder = timeline(app)
        client.post("/orders")
        assert recorder.order.index("response sent") == 4

It is there wherever the recorder is installed; in this repository a test
asks for it by `pytest_plugins = ["course.timeline.fixture"]`.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from .attach import record
from .recording import Recorder
from .terminal import terminal

RECORDERS = pytest.StashKey[list[Recorder]]()


@pytest.fixture(name="timeline")
def timeline_fixture(
    request: pytest.FixtureRequest,
) -> Iterator[Callable[[Any], Recorder]]:
    """Record an application until the test is over, each time it is called."""
    recorders = request.node.stash.setdefault(RECORDERS, [])
    with ExitStack() as stack:

        def start(app: Any) -> Recorder:
            recorder = stack.enter_context(record(app))
            recorders.append(recorder)
            return recorder

        yield start


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Any:
    """Put the picture of the last request below a failing test."""
    report = yield
    if call.when == "call" and report.failed:
        for recorder in item.stash.get(RECORDERS, []):
            with suppress(LookupError):
                picture = terminal(recorder.last)
                report.sections.append(("what happened when", picture))
    return report
