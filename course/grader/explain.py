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
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from course.grader.files import code_at
from course.grader.result import Check

LONG = 300  # characters of a value that are shown
NEAR = 60  # characters beside what should not be in a text
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
STARS = ["query", "args"], ["query", "kwargs"]


class Sides(NamedTuple):
    """Both values of a comparison, as they are shown."""

    left: str
    right: str
    near: str = ""  # a part of the right text, around the left one

    @classmethod
    def of(cls, left: object, right: object) -> "Sides":
        """Keep them as texts: what they are may change."""
        near = ""
        if type(left) is type(right) is str and left in right:
            near = _around(right, right.index(left), len(left))
        return cls(value_text(left), value_text(right), near)


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
        self.sides: Sides | None = None
        self.importing = False
        self.only_what_was_left = False  # Python warned of it, and no more

    @pytest.hookimpl(tryfirst=True)
    def pytest_assertrepr_compare(self, left: object, right: object) -> None:
        """Keep both sides of the comparison that failed."""
        self.sides = Sides.of(left, right)

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
            self.only_what_was_left = _is_of_what_was_left(call.excinfo.value)
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
        place, code = self._own_place(error, told.get("place", ""))
        raised = f"{type(error).__name__}: {first_line(error)}".rstrip(": ")
        message, expected, got = self._compared(found, client)
        order = told.get("order", "")
        check = Check(
            item.name,
            "wrong",
            message=message,
            did=told.get("did") or _did(item, found),
            order=tuple(order.split(" → ")) if order else (),
            picture=told.get("picture", ""),
            expected=expected,
            got=got if expected or message else raised,
            place=place,
            code=code,
            traceback=told.get("trouble", "") + report.longreprtext,
        )
        check = replace(check, message=message or ("" if expected else raised))
        full = _machine_error([error, *getattr(client, "errors", [])])
        if full is not None:
            said = f"{type(full).__name__}: {first_line(full)}"
            return check.not_run("this machine", said)
        if self.importing:
            lost = check.not_run("the answer", message or raised)
            return replace(lost, imported=False)
        if report.outcome == "skipped":
            text = first_line(error) or "It was skipped."
            if place:
                said = f"It skipped its own check: {text}"
                return replace(check, message=said, got="")
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
            return compared(found, text_of(error), self.sides, client)
        if isinstance(error, pytest.fail.Exception):
            return Compared(_failed(text_of(error)))
        return Compared("")

    def _own_place(self, error: BaseException, named: str) -> tuple[str, str]:
        """Find the last line of the learner's own that was on the way.

        If there is none, the one that a section of the check names.
        """
        for each in _with_causes(error):
            if isinstance(each, SyntaxError) and self._own(each.filename):
                return _place(str(each.filename), each.lineno or 1)
            lines = []
            step = each.__traceback__
            while step is not None:
                file = step.tb_frame.f_code.co_filename
                if self._own(file):
                    lines.append((file, step.tb_lineno))
                step = step.tb_next
            if lines:
                return _place(*lines[-1])
        name, _, line = named.rpartition(":")
        file = str(self.target / name)
        return (
            _place(file, int(line)) if name and self._own(file) else ("", "")
        )

    def _own(self, file: str | None) -> bool:
        return bool(file) and self.target in Path(str(file)).parents


def compared(
    found: pytest.ExceptionInfo[BaseException],
    text: str,
    sides: Sides | None,
    client: object = None,
) -> Compared:
    """Read from an assertion what was expected, and what came.

    The `client` may know the responses so far, and errors.
    """
    rewritten = re.search(r"^assert (.+)$", text, re.MULTILINE)
    message = text[: rewritten.start()].strip() if rewritten else text.strip()
    frame = found.traceback[-1].frame
    names = {**frame.f_globals, **frame.f_locals}
    values = Values(names)
    test = _condition(found)
    if test is None:
        return Compared(message)
    if (
        not isinstance(test, ast.Compare)
        or len(test.ops) != 1
        or sides is None
    ):
        came = rewritten[1] if rewritten else ""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            came = came.removeprefix("not ")
        came = "" if came == "False" else came
        return Compared(message, values.text(test), came)
    x = ast.Name("x")  # of "x == x" all but the names
    operator = ast.unparse(ast.Compare(x, test.ops, [x]))[2:-2]
    left = values.operand(test.left)
    right = values.operand(test.comparators[0])
    if operator in {"is", "is not"}:
        got = sides.left
        if sides.left == sides.right and right not in {"None", "True"}:
            got = "the same object" if operator == "is not" else "another one"
            got += f" that looks alike: {sides.left}"
        return Compared(message, f"{left} {operator} {right}", got)
    if operator in {"in", "not in"}:
        got = sides.near if operator == "not in" else ""
        expected = f"{sides.left} {operator} {right}"
        return Compared(message, expected, got or sides.right)
    got = sides.left + _response(test.left, sides.left, names, client)
    return Compared(message, f"{left} {operator} {sides.right}", got)


class Values(ast.NodeTransformer):
    """Puts plain values in the place of constants and f-strings' names."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names

    def text(self, node: ast.expr) -> str:
        """Write an expression so; any((x for …)) needs no such pair."""
        text = ast.unparse(self.visit(node))
        return re.sub(r"\b(any|all|sum)\(\((.+)\)\)$", r"\1(\2)", text)

    def operand(self, node: ast.expr) -> str:
        """Write it as a part of a comparison."""
        text = self.text(node)
        loose = isinstance(node, ast.BoolOp | ast.Compare | ast.IfExp)
        return f"({text})" if loose else text

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Take CONSTANTS only: other names say what is meant."""
        if node.id.isupper() and self._is_plain(node.id):
            return ast.Constant(self.names[node.id])
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        """Fill in an f-string, if it holds nothing but names."""
        parts = []
        for part in node.values:
            if isinstance(part, ast.Constant):
                parts.append(str(part.value))
            elif (
                isinstance(part, ast.FormattedValue)
                and isinstance(part.value, ast.Name)
                and part.format_spec is None
                and self._is_plain(part.value.id)
            ):
                parts.append(str(self.names[part.value.id]))
            else:
                return node
        return ast.Constant("".join(parts))

    def _is_plain(self, name: str) -> bool:
        return type(self.names.get(name)) in {str, int, float}


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


def _is_of_what_was_left(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(map(_is_of_what_was_left, error.exceptions))
    return isinstance(
        error,
        pytest.PytestUnraisableExceptionWarning
        | pytest.PytestUnhandledThreadExceptionWarning,
    )


def _place(file: str, line: int) -> tuple[str, str]:
    """Name a line, and say what stands there."""
    return f"{file}:{line}", code_at(Path(file), line)


def _failed(text: str) -> str:
    """Say what pytest.fail, or pytest.raises, said."""
    due = re.fullmatch(r"DID NOT RAISE (?:<class ')?([\w.]+?)(?:'>)?", text)
    if due:
        which = "" if due[1] == "Exception" else f", and no {due[1]}"
        return f"No exception was raised{which}."
    if PREFIX.match(text):  # its last line names the place once more
        text = PREFIX.sub("", text).rpartition("\n")[0]
    return NOISE.sub("", text)


def _did(item: pytest.Item, found: pytest.ExceptionInfo[BaseException]) -> str:
    """Name the last request, as the client or a response remembers it."""
    client = getattr(item, "funcargs", {}).get("client")
    did = getattr(client, "did", "")
    if isinstance(did, str) and did:
        return did
    for entry in found.traceback:
        if entry.path == item.path:
            for value in reversed(list(entry.locals.values())):
                request = getattr(value, "request", None)
                method = getattr(request, "method", None)
                path = getattr(getattr(request, "url", None), "path", None)
                if isinstance(method, str) and isinstance(path, str):
                    return f"{method} {path}"
    return ""


def _around(text: str, start: int, length: int) -> str:
    begin, end = max(0, start - NEAR), start + length + NEAR
    before = "…" if begin else ""
    after = "…" if end < len(text) else ""
    return before + repr(text[begin:end]) + after


def _condition(found: pytest.ExceptionInfo[BaseException]) -> ast.expr | None:
    """Read the condition from the source of the assertion that failed."""
    try:
        source = textwrap.dedent(str(found.traceback[-1].statement))
        statement = ast.parse(source).body[0]
    except (SyntaxError, IndexError, OSError, ValueError):
        return None
    return statement.test if isinstance(statement, ast.Assert) else None


def _response(
    left: ast.expr, status: str, names: dict[str, Any], client: object
) -> str:
    """Return what a response says, where its status was compared."""
    if not isinstance(left, ast.Attribute) or left.attr != "status_code":
        return ""
    answered = getattr(client, "answered", [])
    errors = getattr(client, "errors", [])
    response: Any = answered[-1] if answered else None
    if isinstance(left.value, ast.Name):
        response = names.get(left.value.id)
    try:
        if str(response.status_code) != status:
            return ""
        if status == "500" and errors:
            kind = type(errors[-1]).__name__
            article = "an" if kind[0] in "AEIOU" else "a"
            return f", for {article} {kind}: {errors[-1]}"
        return f" {_body(response.text)[:LONG]}"
    except Exception:  # noqa: BLE001 (a stream, or no response at all)
        return ""


def _body(text: str) -> str:
    """Write JSON so that it can be read, FastAPI's own errors above all."""
    try:
        data = json.loads(text)
    except ValueError:
        return text.strip()
    try:
        places = [each["loc"] for each in data["detail"]]
        lines = [
            f"{' '.join(map(str, each['loc']))}: {each['msg']}"
            for each in data["detail"]
        ]
    except (KeyError, TypeError):
        return json.dumps(data, ensure_ascii=False)
    if any(place in STARS for place in places):
        lines.append(
            "FastAPI took *args and **kwargs of an override for parameters of"
            " the request: override with a function without them, not with a"
            " MagicMock"
        )
    return "; ".join(lines)
