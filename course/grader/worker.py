"""The process that has collected the checks; `grading` starts and ends it.

It reads lines of JSON. The first one says what to collect, and how; each
other one is an order: {"key", "run": a check's id, "target": the answer's
folder, "deadline": seconds}. It writes lines of JSON behind the secret that
the first line gave it: first the checks that must come back; under each key
what came of it. With forks it never runs an answer itself; without, it does,
and may be lost with it.
"""

import faulthandler
import inspect
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from course.grader.explain import Explainer
from course.grader.files import remove
from course.grader.processes import adopt_orphans, hide
from course.grader.result import Check, PlannedCheck
from course.grader.run_check import (
    Tell,
    redirect,
    run_check,
    say_where_it_stands,
    teller,
)
from course.grader.warm_up import warm_up
from course.run import listen

OPTIONS = (
    *("-p", "no:cacheprovider"),  # nothing is written beside the checks
    *("-p", "no:terminal"),  # the report is ours
    "--disable-plugin-autoload",  # a learner may have installed anything
    *("-p", "pytest_timeout"),  # but pyproject.toml sets its limit
    "--capture=no",  # each fork sends its output to a file of its own
    "--import-mode=importlib",
)


class OpenSuite(Explainer):
    """A pytest session that stays open: its checks can be run again."""

    def __init__(self, serve: Callable[["OpenSuite"], None]) -> None:
        super().__init__()
        self.serve = serve
        self.items: dict[str, pytest.Item] = {}
        self.plan: list[PlannedCheck] = []
        self.broken: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep what could not be collected."""
        if report.failed:
            self.broken.append(report.longreprtext)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Serve instead of running all checks once."""
        for item in session.items:
            self.items[item.nodeid] = item
            self.plan.append(self._planned(item))
        if not self.broken:
            self.serve(self)
        return True

    def run(
        self, id_: str, target: str, tell: Tell
    ) -> tuple[list[str], Check | None]:
        """Run one check in this process, as pytest would."""
        item = self.items[id_]
        item.config.option.target = target
        self.begin()
        self.target, self.tell = Path(target), tell
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        return self.phases, self.failure

    def _planned(self, item: pytest.Item) -> PlannedCheck:
        """State what must come back of it, and which checks come before."""
        exercise = item.path.stem.removeprefix("test_")
        points = item.get_closest_marker("points")
        slow = item.get_closest_marker("slow")
        names = [name for m in item.iter_markers("after") for name in m.args]
        before = [
            each.name
            for each in self.plan
            if each.exercise == exercise
            and each.name.partition("[")[0] in names
        ]
        if missing := {*names} - {each.partition("[")[0] for each in before}:
            said = f"{item.nodeid} names no check above it: after{missing}"
            self.broken.append(said)
        text = getattr(getattr(item, "obj", None), "__doc__", "") or ""
        promise, _, why = inspect.cleandoc(text).partition("\n\n")
        return PlannedCheck(
            id=item.nodeid,
            exercise=exercise,
            name=item.name,
            points=points.args[0] if points else 1,
            promise=" ".join(promise.split()),
            why=" ".join(why.split()),
            after=tuple(before),
            more=slow.args[0] if slow else 0.0,
        )


class Channel:
    """Lines to and from `grading`, where no answer can print into them."""

    def __init__(self) -> None:
        self.read, self.write = os.dup(0), os.dup(1)
        self.rest = b""
        self.given = next(self.orders())  # alone, until the plan is told
        self.scratch = Path(self.given["scratch"])
        self.tell = teller(self.write, self.given.pop("secret"))
        redirect(self.scratch / "printed")

    def tell_plan(self, suite: OpenSuite) -> None:
        """Tell what must come back."""
        self.tell({"planned": list(map(asdict, suite.plan))})

    def take(self) -> list[dict[str, Any]] | None:
        """Wait for lines and return them; None when nobody listens now."""
        part = os.read(self.read, 1 << 16)
        *lines, self.rest = (self.rest + part).split(b"\n")
        return [json.loads(line) for line in lines] if part else None

    def orders(self) -> Iterator[dict[str, Any]]:
        """Give one order after the other until nobody listens."""
        while (orders := self.take()) is not None:
            yield from orders


def serve_forked(suite: OpenSuite, channel: Channel) -> None:
    """Run each check that is ordered in a fork of its own."""
    from course.grader.fork import Forks  # noqa: PLC0415 (Linux only)

    warm_up()
    channel.tell_plan(suite)
    forks = Forks(suite, channel.scratch, [channel.read, channel.write])
    try:
        while True:
            over, spoken = forks.wait([channel.read])
            for outcome in over:
                channel.tell(outcome)
            orders = channel.take() if spoken else []
            if orders is None:
                break
            for order in orders:
                try:
                    if "stop" in order:
                        forks.stop()
                    else:
                        forks.start(order)
                except OSError as error:
                    machine = f"No process could be started: {error}"
                    channel.tell(
                        {"key": order["key"], "status": 0, "machine": machine}
                    )
    finally:
        forks.end_all()
    remove(channel.scratch)  # nobody is left to do that


def serve_here(suite: OpenSuite, channel: Channel) -> None:
    """Run each check that is ordered in this process."""
    channel.tell_plan(suite)
    scratch = channel.scratch
    for order in channel.orders():
        key = order["key"]

        def tell(said: dict[str, Any], key: str = key) -> None:
            channel.tell({"key": key, **said})

        os.truncate(scratch / "printed", 0)
        say_where_it_stands(scratch / "stood", order["deadline"])
        try:
            run_check(suite, order, tell)
        except BaseException as error:  # noqa: BLE001 (told, whatever it is)
            tell({"raised": f"{type(error).__name__}: {error}"})
        faulthandler.cancel_dump_traceback_later()
        sys.stdout.flush()
        tell({"status": 0})


def main() -> None:
    """Collect, say what must come back, serve until nobody listens."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # `grading` decides
    if sys.platform != "win32":
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    listen()
    channel = Channel()
    given, scratch = channel.given, channel.scratch
    (scratch / "cwd").mkdir()
    os.chdir(scratch / "cwd")  # an answer's own files are no litter elsewhere
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(scratch)  # nor those of tmp_path
    os.environ["PYTEST_TIMEOUT"] = "0"  # the parent keeps the clock
    adopt_orphans()
    if given["fork"]:
        hide()
    way = serve_forked if given["fork"] else serve_here
    suite = OpenSuite(lambda suite: way(suite, channel))
    code = pytest.main([*OPTIONS, *given["files"]], plugins=[suite])
    if suite.broken:
        channel.tell({"broken": "\n".join(suite.broken)})
    elif code not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        channel.tell({"broken": f"pytest ended with {code!s}"})
    os._exit(0)  # a thread that an answer left can't keep it


if __name__ == "__main__":
    main()
