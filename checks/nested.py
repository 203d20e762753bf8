"""Pytest below pytest: collect a file of tests, run some, tell how they end.

`checks/nest.py` does this in a separate process.
"""

import asyncio
import inspect
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import pytest_plugin as anyio_plugin
from fastapi import FastAPI

from checks import app_under_test
from checks.answers import why_not
from checks.app_under_test import MAKER, Maker

WITHOUT = (  # what no test can miss takes time to start
    *("cacheprovider", "doctest", "faulthandler", "junitxml", "pastebin"),
    *("setuponly", "setupplan", "stepwise", "terminal"),
    *("threadexception", "unraisableexception"),
)
OPTIONS = (
    *("-c", str(Path(__file__).with_suffix(".ini"))),
    "--noconftest",
    "--import-mode=importlib",
    "--capture=sys",
    *(f"-pno:{name}" for name in WITHOUT),
)
PLUGINS = (app_under_test, anyio_plugin)  # who has FastAPI has anyio
PASSED = ["passed", ""]
Told = dict[str, Any]
Tell = Callable[[Told], None]


class RealSleepError(Exception):
    """A test slept: everybody who runs the tests has to wait."""


class Tests:
    """A pytest plugin; once the tests are collected, `given` has them."""

    def __init__(self, path: Path, given: Callable[["Tests"], None]) -> None:
        self.path, self.given = path, given
        self.items: dict[str, pytest.Item] = {}
        self.makers: dict[str, Maker] = {}
        self.broken = "pytest can't be run on it."  # why there are none
        self.slept = False
        self.found: list[str] = []  # how the test that runs ended, and why
        for module in (time, asyncio, anyio):
            self._forbid_sleep(module)

    def collect(self) -> None:
        """Import and collect them, and hand them over."""
        for name, module in list(sys.modules.items()):
            if getattr(module, "__file__", None) == str(self.path):
                del sys.modules[name]
        given = [*OPTIONS, f"--rootdir={self.path.parent}", str(self.path)]
        pytest.main(given, plugins=[self, *PLUGINS])

    def names(self) -> Told:
        """Tell what there is."""
        return {"tests": list(self.items), "broken": self.broken}

    def prepare(self, order: Told) -> None:
        """Make the applications that an order needs, each once for all."""
        for app in (order["app"], *order["then"]):
            if app not in self.makers:
                self.makers[app] = Maker(app)

    def run(self, order: Told, tell: Tell) -> None:
        """Run `tests` one after the other on `app`; tell how each ended.

        With `first`, it is over with the first one that does not pass. That
        one is then run on the applications that `then` names.
        """
        app, items = order["app"], [self.items[x] for x in order["tests"]]
        for item, following in zip(items, [*items[1:], None], strict=True):
            ended = self._end(item, app, following)
            tell({f"{app} {item.nodeid}": ended})
            if order["first"] and ended != PASSED:
                for other in order["then"]:
                    ended = self._end(item, other, None)
                    tell({f"{other} {item.nodeid}": ended})
                return

    def _end(
        self, item: pytest.Item, app: str, following: pytest.Item | None
    ) -> list[str]:
        """Run a test, and return how it ended."""
        item.config.stash[MAKER] = self.makers[app]
        self.found, self.slept = [], False
        item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        return self.found or PASSED

    # --- hooks --------------------------------------------------------------

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Expect the best; nobody will read long tracebacks."""
        self.broken = ""
        session.config.option.tbstyle = "value"

    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[Any]
    ) -> None:
        """Keep why they could not be collected."""
        if isinstance(node, pytest.Collector) and call.excinfo is not None:
            error = call.excinfo.value
            self.broken = why_not(self.path, error.__cause__ or error)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run nothing by itself."""
        self.items = {item.nodeid: item for item in session.items}
        self.given(self)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Make a test fail that slept, even if it caught the exception."""
        result = yield
        if self.slept:
            raise RealSleepError("the test slept for real")
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Keep the first thing that is wrong with the test."""
        report = yield
        marked = hasattr(report, "wasxfail")
        if not self.found and (marked or not report.passed):
            self.found = [_outcome(report, marked=marked), _why(item, call)]
        return report

    def _forbid_sleep(self, module: Any) -> None:
        """Make it raise at once; this process has no other use for it."""
        real = module.sleep

        def sleep(seconds: float, *others: Any) -> Any:
            frame = inspect.currentframe()
            caller = frame.f_back if frame else None
            name = caller.f_globals.get("__name__", "") if caller else ""
            if seconds <= 0 or str(name).startswith("uvicorn."):  # it ticks
                return real(seconds, *others)
            self.slept = True
            raise RealSleepError(
                f"sleep({seconds:g}) would take that long in every run"
            )

        module.sleep = sleep


def _outcome(report: pytest.TestReport, *, marked: bool) -> str:
    if marked:
        return "is marked as xfail"
    if report.skipped:
        return "was skipped"
    return "failed" if report.when != "teardown" else "failed at its end"


def _why(item: pytest.Item, call: pytest.CallInfo[None]) -> str:
    """Say what was raised, and in which line of the tests."""
    if call.excinfo is None:
        return ""
    text = call.excinfo.exconly().partition("\n")[0]
    if "422" in text:
        text += _asks_the_client(item)
    own = [e.lineno for e in call.excinfo.traceback if e.path == item.path]
    return f"line {own[-1] + 1}: {text}" if own else text


def _asks_the_client(item: pytest.Item) -> str:
    """Say if an override makes FastAPI ask the client for `args`."""
    target = getattr(item, "funcargs", {}).get("target")
    overrides = getattr(target, "app", FastAPI()).dependency_overrides
    for override in overrides.values():
        try:
            parameters = inspect.signature(override).parameters.values()
        except (TypeError, ValueError):  # a test may put anything there
            continue
        if any(p.kind is p.VAR_POSITIONAL for p in parameters):
            return (
                f" (The override is a {type(override).__name__} that takes"
                " *args: FastAPI calls it as a dependency and asks the client"
                " for the query parameters `args` and `kwargs`. Let the"
                " override be a function without parameters that returns the"
                " task.)"
            )
    return ""
