"""Say of a failed check what was expected, what came, and where.

Runs where the check runs, as a part of pytest: only there are the exception,
its frames and both sides of a comparison still at hand.
"""

import ast
import re
import textwrap
from collections.abc import Generator, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

COMPARED = pytest.StashKey[tuple[str, str]]()
SETTING_UP = pytest.StashKey[str]()
LONG = 300  # characters of a value that are shown
OPERATORS = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}


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
            self.current.stash[COMPARED] = (_shown(left), _shown(right))

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
            for name, content in report.sections:
                if name in {"order", "did", "picture"}:
                    told[name] = content
            told["traceback"] = report.longreprtext
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
        if isinstance(error, AssertionError):
            told["message"], told["expected"], told["got"] = _compared(
                item, found, told["text"]
            )
        elif isinstance(error, pytest.fail.Exception):
            told["message"] = told["text"]
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


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except Exception as worse:  # noqa: BLE001 (an answer's own __repr__)
        return f"(its repr raised {type(worse).__name__})"
    return text if len(text) <= LONG else text[: LONG - 1] + "…"


def _compared(
    item: pytest.Item, found: pytest.ExceptionInfo[BaseException], text: str
) -> tuple[str, str, str]:
    """Return the assertion's message, what it asked for, and what came."""
    rewritten = re.search(r"^assert ", text, re.MULTILINE)
    message = text[: rewritten.start()].strip() if rewritten else text.strip()
    test = _asked(found)
    if test is None:
        return message, "", ""
    if (
        isinstance(test, ast.Compare)
        and len(test.ops) == 1
        and COMPARED in item.stash
    ):
        left, right = item.stash[COMPARED]
        operator = OPERATORS[type(test.ops[0])]
        source = ast.unparse(test.left)
        if operator in {"in", "not in"}:
            asked = f"{left} {operator} {ast.unparse(test.comparators[0])}"
            return message, asked, right
        asked = f"{source} {operator} {right}"
        return message, asked, left
    return message, ast.unparse(test), _came(text)


def _came(text: str) -> str:
    found = re.search(r"^assert (.+)$", text, re.MULTILINE)
    return found[1] if found else ""


def _asked(found: pytest.ExceptionInfo[BaseException]) -> ast.expr | None:
    """Read the condition from the source of the assertion that failed."""
    try:
        source = textwrap.dedent(str(found.traceback[-1].statement))
        statement = ast.parse(source).body[0]
    except (SyntaxError, IndexError, OSError, ValueError):
        return None
    return statement.test if isinstance(statement, ast.Assert) else None


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
