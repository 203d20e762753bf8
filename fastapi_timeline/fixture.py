"""A pytest fixture: assert on the order, and see it where a test fails.

    def test_the_response_is_first(timeline):
        recorder = timeline(app)
        client.post("/orders")
        assert recorder.order.index("response sent") == 4

It is there wherever the recorder is installed; elsewhere a test asks for it
by `pytest_plugins = ["fastapi_timeline.fixture"]`. Every run of pytest imports
this module: the recorder itself is imported by a test that asks for it.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .recording import Recorder

RECORDERS = pytest.StashKey["list[Recorder]"]()


@pytest.fixture(name="timeline")
def timeline_fixture(
    request: pytest.FixtureRequest,
) -> Iterator[Callable[[Any], Recorder]]:
    """Record an application until the test is over, each time it is called."""
    from .attach import record  # noqa: PLC0415

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
    recorders = item.stash.get(RECORDERS, [])
    if recorders and call.when == "call" and report.failed:
        from .text import terminal  # noqa: PLC0415

        for recorder in recorders:
            with suppress(LookupError):
                picture = terminal(recorder.last)
                report.sections.append(("what happened when", picture))
    return report
