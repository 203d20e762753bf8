"""Say of a failed check what was expected, what came, and where.

Runs where the check runs, as a part of pytest: only there are the exception,
its frames and both sides of a comparison still at hand. An assertion is told
in the words of the check ("work.emails == ['ada@example.com']") and with the
value that was met, unless the check itself says it in better ones
(checks/expect.py).
"""

import ast
import errno
import json
import re
import textwrap
import traceback
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from course.grader.result import Check

LONG = 300  # characters of a value that are shown
MACHINE = {
    errno.ENOSPC,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
    errno.EDQUOT,
}
SECTIONS = {"did", "order", "picture", "place", "trouble"}  # a check's own
PREFIX = re.compile(r"Your answer \S+ can't be imported: ")
NOISE = re.compile(r"^ *For further information visit .*\n?", re.MULTILINE)
STATUS = "status_code"
STARS = ["query", "args"], ["query", "kwargs"]


class Compared(NamedTuple):
    """What an assertion says."""

    message: str  # its own, behind the comma
    expected: str = ""
    got: str = ""


class Explainer:
    """A pytest plugin that keeps each phase of a check, and its failure."""

    def __init__(self) -> None:
        self.target = Path()  # the folder of the answer that is checked
        self.tell: Callable[[dict[str, Any]], None] = lambda _: None
        self.begin()

    def begin(self) -> None:
        """Forget the check before, where several share a process."""
        self.phases: list[str] = []
        self.failure: Check | None = None
        self.sides: tuple[str, str] | None = None  # of a comparison
        self.importing = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_assertrepr_compare(self, left: object, right: object) -> None:
        """Keep both sides as texts: what they are may change."""
        self.sides = value_text(left), value_text(right)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: Any
    ) -> Generator[None, object, object]:
        """Remember whether it stopped while the answer was imported."""
        if fixturedef.argname != "answer":
            return (yield)
        self.importing = True
        self.tell({"phase": "importing"})
        result = yield
        self.importing = False
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self) -> None:
        """Tell that the answer could be imported."""
        self.tell({"phase": "checking"})

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # the checks' own come first
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note how the phase ended; explain the first failure."""
        report = yield
        self.phases.append(report.outcome)
        if call.excinfo is not None and self.failure is None:
            self.failure = self.explain(item, call.excinfo, report)
        return report

    def explain(
        self,
        item: pytest.Item,
        found: pytest.ExceptionInfo[BaseException],
        report: pytest.TestReport,
    ) -> Check:
        """Say what is wrong, and whose fault it is."""
        error = found.value
        client = getattr(item, "funcargs", {}).get("client")
        told = {k: text for k, text in report.sections if k in SECTIONS}
        place = self._own_place(error, told.get("place", ""))
        raised = f"{type(error).__name__}: {first_line(error)}".rstrip(": ")
        message, expected, got = self._compared(found, client)
        order = told.get("order", "")
        check = Check(
            item.name,
            "wrong",
            message=message or ("" if expected else raised),
            did=str(told.get("did") or getattr(client, "did", "")),
            order=tuple(order.split(" → ")) if order else (),
            picture=told.get("picture", ""),
            expected=expected,
            got=got if expected or message else raised,
            place=place,
            traceback=told.get("trouble", "") + report.longreprtext,
        )
        full = _machine_error([error, *getattr(client, "errors", [])])
        if full is not None:
            said = f"{type(full).__name__}: {first_line(full)}"
            return check.not_run("this machine", said)
        if self.importing:
            lost = check.not_run("the answer", message or raised)
            return replace(lost, imported=False)
        if report.outcome == "skipped":
            text = first_line(error) or "It was skipped."
            return check.not_run("this machine", text)
        ours = report.when == "setup" and not place
        if ours and not isinstance(error, pytest.fail.Exception):
            line = f"{item.path.name}:{(item.location[1] or 0) + 1}"
            said = f"{raised} (in our code, at {line})"
            return check.not_run("our bug", said)
        return check

    def _compared(
        self, found: pytest.ExceptionInfo[BaseException], client: object
    ) -> Compared:
        error = found.value
        words = getattr(error, "__dict__", {})
        if {"expected", "got", "why"} <= words.keys():  # checks/expect.py
            parts = (words["why"], words["expected"], words["got"])
            return Compared(*map(str, parts))
        if isinstance(error, AssertionError):
            return compared(found, self.sides, client)
        if isinstance(error, pytest.fail.Exception):
            return Compared(_failed(text_of(error)))
        return Compared("")

    def _own_place(self, error: BaseException, named: str) -> str:
        """Find the last line of the learner's own that was on the way.

        If there is none, the one that a section of the check names.
        """
        for each in _with_causes(error):
            if isinstance(each, SyntaxError) and self._own(each.filename):
                return f"{each.filename}:{each.lineno or 1}"
            steps = traceback.walk_tb(each.__traceback__)
            lines = [(f.f_code.co_filename, line) for f, line in steps]
            own = [f"{file}:{line}" for file, line in lines if self._own(file)]
            if own:
                return own[-1]
        return str(self.target / named) if named else ""

    def _own(self, file: str | None) -> bool:
        return bool(file) and self.target in Path(str(file)).parents


def compared(
    found: pytest.ExceptionInfo[BaseException],
    sides: tuple[str, str] | None,
    client: object = None,
) -> Compared:
    """Read from an assertion what was expected, and what came.

    The `client` may know the responses so far, and errors.
    """
    text = text_of(found.value)
    message = re.split(r"^assert ", text, flags=re.MULTILINE)[0].strip()
    test = _condition(found)
    if test is None:
        return Compared(message)
    frame = found.traceback[-1].frame
    test = Values({**frame.f_globals, **frame.f_locals}).visit(test)
    if sides is None or not isinstance(test, ast.Compare) or len(test.ops) > 1:
        return Compared(message, ast.unparse(test))
    left, right = sides
    if isinstance(test.ops[0], ast.In | ast.NotIn):
        return Compared(message, ast.unparse(test), right)
    if isinstance(test.left, ast.Attribute) and test.left.attr == STATUS:
        left += _response(left, client)
    test.comparators = [ast.Name(right)]
    return Compared(message, ast.unparse(test), left)


class Values(ast.NodeTransformer):
    """Puts plain values in the place of CONSTANTS and in f-strings."""

    def __init__(self, names: dict[str, Any]) -> None:
        plain = {str, int, float}
        self.names = {k: v for k, v in names.items() if type(v) in plain}

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Leave other names: they say what is meant."""
        if node.id.isupper() and node.id in self.names:
            return ast.Constant(self.names[node.id])
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        """Fill in an f-string, if it holds nothing but such values."""
        names = {"__builtins__": {}, **self.names}
        try:
            return ast.Constant(eval(ast.unparse(node), names))  # noqa: S307
        except Exception:  # noqa: BLE001 (then it stays as it is written)
            return node


def value_text(value: object) -> str:
    """Give its repr, whatever happens; not all of a long one."""
    try:
        text = repr(value)
    except Exception as worse:  # noqa: BLE001 (an answer's own __repr__)
        return f"(its repr raised {type(worse).__name__})"
    return text if len(text) <= LONG else text[: LONG - 1] + "…"


def text_of(error: BaseException) -> str:
    """Give its text, whatever happens."""
    try:
        return str(error)
    except Exception as worse:  # noqa: BLE001 (an answer's own __str__)
        return f"(its text cannot be had: {type(worse).__name__})"


def first_line(error: BaseException) -> str:
    """Give the first line of its text."""
    return text_of(error).strip().partition("\n")[0]


def _machine_error(errors: list[BaseException]) -> OSError | None:
    """Find what says that the machine has no room, files or memory left."""
    for error in errors:
        for each in _with_causes(error):
            if isinstance(each, OSError) and each.errno in MACHINE:
                return each
    return None


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


def _failed(text: str) -> str:
    """Say what pytest.fail, or pytest.raises, said."""
    due = re.fullmatch(r"DID NOT RAISE (?:<class ')?([\w.]+?)(?:'>)?", text)
    if due:
        which = "" if due[1] == "Exception" else f", and no {due[1]}"
        return f"No exception was raised{which}."
    if PREFIX.match(text):  # its last line names the place once more
        text = PREFIX.sub("", text).rpartition("\n")[0]
    return NOISE.sub("", text)


def _condition(found: pytest.ExceptionInfo[BaseException]) -> ast.expr | None:
    """Read the condition from the source of the assertion that failed."""
    try:
        source = textwrap.dedent(str(found.traceback[-1].statement))
        statement = ast.parse(source).body[0]
    except (SyntaxError, IndexError, OSError, ValueError):
        return None
    return statement.test if isinstance(statement, ast.Assert) else None


def _response(status: str, client: Any) -> str:
    """Return what the last response with this status says, and why."""
    try:
        if status == "500" and client.errors:
            kind = type(client.errors[-1]).__name__
            article = "an" if kind[0] in "AEIOU" else "a"
            return f", for {article} {kind}: {client.errors[-1]}"
        answered = reversed(client.answered)
        texts = [e.text for e in answered if str(e.status_code) == status]
        return f" {_body(texts[0])[:LONG]}"
    except Exception:  # noqa: BLE001 (a stream, or no response at all)
        return ""


def _body(text: str) -> str:
    """Write JSON so that it can be read, FastAPI's own errors above all."""
    try:
        data = json.loads(text)
    except ValueError:
        return text.strip()
    try:
        errors = [(list(each["loc"]), each["msg"]) for each in data["detail"]]
    except (KeyError, TypeError):
        return json.dumps(data, ensure_ascii=False)
    lines = [f"{' '.join(map(str, place))}: {msg}" for place, msg in errors]
    if any(place in STARS for place, _ in errors):
        lines.append(
            "FastAPI took *args and **kwargs of an override for parameters of"
            " the request: override with a function without them, not with a"
            " MagicMock"
        )
    return "; ".join(lines)
