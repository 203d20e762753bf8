"""Read from an assertion that failed what was expected, and what came.

pytest shows both sides by their values only; a learner is better served by
the words of the check ("work.emails == ['ada@example.com']") and the value
that was met.
"""

import ast
import json
import re
import textwrap
from typing import Any, NamedTuple

import pytest

LONG = 300  # characters of a value that are shown
NEAR = 60  # characters beside what should not be in a text
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
        return cls(shown(left), shown(right), near)


class Told(NamedTuple):
    """What the assertion says."""

    message: str  # its own, behind the comma
    expected: str = ""
    got: str = ""


def told(
    found: pytest.ExceptionInfo[BaseException],
    text: str,
    sides: Sides | None,
    client: object = None,
) -> Told:
    """Tell it; the `client` may know the responses so far, and errors."""
    rewritten = re.search(r"^assert ", text, re.MULTILINE)
    message = text[: rewritten.start()].strip() if rewritten else text.strip()
    test = _asked(found)
    if test is None:
        return Told(message)
    names = _names(found)
    values = Values(names)
    if (
        not isinstance(test, ast.Compare)
        or len(test.ops) != 1
        or sides is None
    ):
        return Told(message, values.text(test), _came(text, test))
    operator = OPERATORS[type(test.ops[0])]
    left = values.operand(test.left)
    right = values.operand(test.comparators[0])
    if operator in {"is", "is not"}:
        same = "the same object" if operator == "is not" else "another one"
        if sides.left == sides.right and right not in {"None", "True"}:
            same += f" that looks alike: {sides.left}"
            return Told(message, f"{left} {operator} {right}", same)
        return Told(message, f"{left} {operator} {right}", sides.left)
    if operator in {"in", "not in"}:
        got = sides.near if operator == "not in" else ""
        expected = f"{sides.left} {operator} {right}"
        return Told(message, expected, got or sides.right)
    got = sides.left + _body(test.left, sides.left, names, client)
    return Told(message, f"{left} {operator} {sides.right}", got)


def shown(value: object) -> str:
    """Give its repr, whatever happens; not all of a long one."""
    try:
        text = repr(value)
    except Exception as worse:  # noqa: BLE001 (an answer's own __repr__)
        return f"(its repr raised {type(worse).__name__})"
    return text if len(text) <= LONG else text[: LONG - 1] + "…"


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


def _around(text: str, start: int, length: int) -> str:
    begin, end = max(0, start - NEAR), start + length + NEAR
    before = "…" if begin else ""
    after = "…" if end < len(text) else ""
    return before + repr(text[begin:end]) + after


def _names(found: pytest.ExceptionInfo[BaseException]) -> dict[str, Any]:
    frame = found.traceback[-1].frame
    return {**frame.f_globals, **frame.f_locals}


def _asked(found: pytest.ExceptionInfo[BaseException]) -> ast.expr | None:
    """Read the condition from the source of the assertion that failed."""
    try:
        source = textwrap.dedent(str(found.traceback[-1].statement))
        statement = ast.parse(source).body[0]
    except (SyntaxError, IndexError, OSError, ValueError):
        return None
    return statement.test if isinstance(statement, ast.Assert) else None


def _came(text: str, test: ast.expr) -> str:
    """Return what pytest says it was; nothing, if that is only "False"."""
    found = re.search(r"^assert (.+)$", text, re.MULTILINE)
    came = found[1] if found else ""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        came = came.removeprefix("not ")
    return "" if came == "False" else came


def _body(
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
        return f" {_spaced(response.text)[:LONG]}"
    except Exception:  # noqa: BLE001 (a stream, or no response at all)
        return ""


def _spaced(text: str) -> str:
    """Write JSON so that it can be read, FastAPI's own errors above all."""
    try:
        data = json.loads(text)
    except ValueError:
        return text.strip()
    try:
        said = [
            f"{' '.join(map(str, each['loc']))}: {each['msg']}"
            for each in data["detail"]
        ]
    except (KeyError, TypeError):
        return json.dumps(data, ensure_ascii=False)
    return "; ".join(said)
