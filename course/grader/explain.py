"""Say of a failed check what was expected, what came, and where.

Runs where the check runs, as a part of pytest: only there are the exception,
its frames and both sides of a comparison still at hand.
"""

import re
from collections.abc import Generator, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from course.grader import compared

COMPARED = pytest.StashKey[compared.Sides]()
SETTING_UP = pytest.StashKey[str]()
TOLD = {
    "did",
    "order",
    "picture",
    "place",
    "trouble",
}  # sections that a check may add
OUR_PREFIX = re.compile(r"Your answer \S+ can't be imported: ")
NOISE = re.compile(r"^ *For further information visit .*\n?", re.MULTILINE)


class Explainer:
    """A pytest plugin that adds `told` to the report of a failed check."""

    def __init__(self) -> None:
        self.target = Path()  # the folder of the answer that is checked
        self.current: pytest.Item | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        """Forget the check before, where several share a process."""
        self.current = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Remember whose comparison is the next."""
        self.current = item

    @pytest.hookimpl(tryfirst=True)
    def pytest_assertrepr_compare(self, left: object, right: object) -> None:
        """Keep both sides of the comparison that failed."""
        if self.current is not None:
            self.current.stash[COMPARED] = compared.Sides.of(left, right)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: Any, request: Any
    ) -> Generator[None, object, object]:
        """Remember at which fixture it stopped."""
        if fixturedef.argname != "answer":
            return (yield)
        stash = request.node.stash
        stash[SETTING_UP] = "answer"
        result = yield
        del stash[SETTING_UP]
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # the checks' own come first
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach what can be told, as plain strings."""
        report = yield
        if call.excinfo is not None:
            told = self._tell(item, call.excinfo)
            told |= {k: text for k, text in report.sections if k in TOLD}
            told |= {} if told.get("file") else self._named(told)
            trouble = told.pop("trouble", "")
            told["traceback"] = f"{trouble}{report.longreprtext}"
            report.__dict__["told"] = told
        return report

    def _tell(
        self, item: pytest.Item, found: pytest.ExceptionInfo[BaseException]
    ) -> dict[str, str]:
        error = found.value
        told = {"kind": type(error).__name__, "text": _said(error)}
        told["importing"] = item.stash.get(SETTING_UP, "")
        told |= self._own_place(error)
        told["did"] = _did(item, found)
        words = {"expected": "", "got": "", "why": ""}
        if words.keys() <= vars(error).keys():
            told |= {key: str(getattr(error, key)) for key in words}
            told["message"] = told.pop("why")
        elif isinstance(error, AssertionError):
            client = getattr(item, "funcargs", {}).get("client")
            told |= compared.told(
                found,
                told["text"],
                item.stash.get(COMPARED, None),
                client,
            )._asdict()
        elif isinstance(error, pytest.fail.Exception):
            told["message"] = _failed(told["text"])
        if isinstance(error, OSError):
            told["errno"] = str(error.errno)
        return told

    def _own_place(self, error: BaseException) -> dict[str, str]:
        """Find the last line of the learner's own that was on the way."""
        for each in _with_causes(error):
            if isinstance(each, SyntaxError) and self._own(each.filename):
                return _place(str(each.filename), each.lineno or 1)
            own = [
                (frame.f_code.co_filename, line)
                for frame, line in _frames(each.__traceback__)
                if self._own(frame.f_code.co_filename)
            ]
            if own:
                return _place(*own[-1])
        return {}

    def _named(self, told: dict[str, str]) -> dict[str, str]:
        """Take the place that a check's section names, ex05_x.py:41."""
        name, _, line = told.pop("place", "").rpartition(":")
        file = self.target / name
        return _place(str(file), int(line)) if name and file.exists() else {}

    def _own(self, file: str | None) -> bool:
        return bool(file) and self.target in Path(str(file)).parents


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, BaseExceptionGroup):
            waiting.extend(each.exceptions)
        further = (each.__cause__, each.__context__)
        waiting.extend(other for other in further if other is not None)


def _frames(traceback: TracebackType | None) -> Iterator[tuple[Any, int]]:
    while traceback is not None:
        yield traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next


def _place(file: str, line: int) -> dict[str, str]:
    try:
        lines = Path(file).read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    code = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    return {"file": file, "line": str(line), "code": code}


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as worse:  # noqa: BLE001 (an answer's own __str__)
        return f"(its text cannot be had: {type(worse).__name__})"


def _failed(text: str) -> str:
    """Say what pytest.fail, or pytest.raises, said."""
    due = re.fullmatch(r"DID NOT RAISE (?:<class ')?([\w.]+?)(?:'>)?", text)
    if due:
        which = "" if due[1] == "Exception" else f", and no {due[1]}"
        return f"No exception was raised{which}."
    if OUR_PREFIX.match(text):  # its last line names the place once more
        text = OUR_PREFIX.sub("", text).rpartition("\n")[0]
    return NOISE.sub("", text)


def _did(item: pytest.Item, found: pytest.ExceptionInfo[BaseException]) -> str:
    """Name the last request, as the client or a response remembers it."""
    client = getattr(item, "funcargs", {}).get("client")
    said = getattr(client, "did", "")
    if isinstance(said, str) and said:
        return said
    for entry in found.traceback:
        if entry.path == item.path:
            values = list(entry.locals.values())
            for value in reversed(values):
                request = getattr(value, "request", None)
                method = getattr(request, "method", None)
                path = getattr(getattr(request, "url", None), "path", None)
                if isinstance(method, str) and isinstance(path, str):
                    return f"{method} {path}"
    return ""
