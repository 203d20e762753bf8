"""Collect the checks once, and hand each out as often as it is asked for."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from course.grader.explain import Explainer
from course.grader.model import Claim
from course.grader.processes import adopt_orphans

Tell = Callable[[dict[str, Any]], None]
Serve = Callable[["Suite"], None]

OPTIONS = (
    *("-p", "no:cacheprovider"),  # nothing is written beside the checks
    *("-p", "no:terminal"),  # the report is ours
    "--capture=no",  # each fork sends its output to a file of its own
    "--import-mode=importlib",
)


class Suite:
    """A pytest session that stays open: its checks can be run again."""

    def __init__(self, serve: Serve) -> None:
        self.explainer = Explainer()
        self.serve = serve
        self.items: dict[str, pytest.Item] = {}
        self.session: pytest.Session
        self.broken: list[str] = []
        self.reports: list[pytest.TestReport] = []
        self.tell: Tell = lambda _: None

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep what could not be collected."""
        if report.failed:
            self.broken.append(report.longreprtext)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Serve instead of running all checks once."""
        self.items = {item.nodeid: item for item in session.items}
        self.session = session
        self.serve(self)
        return True

    def read(self, files: list[str]) -> None:
        """Collect further checks, beside those that are there."""
        self.session.perform_collect(files)
        self.items |= {item.nodeid: item for item in self.session.items}

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> None:
        """Tell when the answer's own code is about to be imported."""
        if fixturedef.argname == "answer":
            self.tell({"phase": "importing"})

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self) -> None:
        """Tell that the answer could be imported."""
        self.tell({"phase": "checking"})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the reports of the check that runs here."""
        self.reports.append(report)

    def run(self, id_: str, target: str, tell: Tell) -> list[dict[str, Any]]:
        """Run one check in this process, as pytest would."""
        item = self.items[id_]
        hook, config = item.config.hook, item.config
        config.option.target = target
        self.explainer.target = Path(target)
        self.tell, self.reports = tell, []
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        return [
            hook.pytest_report_to_serializable(config=config, report=each)
            for each in self.reports
        ]

    def claims(self) -> list[Claim]:
        """State what must come back, in the order of the files."""
        return [_claim(item) for item in self.items.values()]


def _claim(item: pytest.Item) -> Claim:
    points = item.get_closest_marker("points")
    slow = item.get_closest_marker("slow")
    after = [name for mark in item.iter_markers("after") for name in mark.args]
    promise = str(getattr(getattr(item, "obj", None), "__doc__", "") or "")
    return Claim(
        id=item.nodeid,
        exercise=item.path.stem.removeprefix("test_"),
        name=item.name,
        points=points.args[0] if points else 1,
        promise=promise.strip().partition("\n")[0],
        after=tuple(after),
        line=f"{item.path.name}:{(item.location[1] or 0) + 1}",
        more=slow.args[0] if slow else 0.0,
    )


def open_suite(files: list[Path], serve: Serve) -> str:
    """Collect and serve; return why that was not possible, or nothing."""
    os.environ["PYTEST_TIMEOUT"] = "0"  # the parent keeps the clock
    adopt_orphans()
    suite = Suite(serve)
    arguments = [*OPTIONS, *map(str, files)]
    code = pytest.main(arguments, plugins=[suite, suite.explainer])
    if suite.broken:
        return "\n".join(suite.broken)
    if code not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        return f"pytest ended with {code!s}"
    return ""
