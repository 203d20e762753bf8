"""An exercise's instruction, from its stub's docstring, as a page."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from course.folders import ROOT
from course.grader.exercises import Course, original
from course.grader.hints import hints
from course.instruction import cell, instruction, plain
from course.typed import command

from .cells import fenced


@dataclass(frozen=True)
class Check:
    """A check as its suite writes it: what it promises, for how much."""

    name: str
    promise: str
    points: int


@dataclass(frozen=True)
class Exercise:
    """A stub as it was given, and what is checked."""

    name: str  # ex08_rate_limit

    @property
    def stub(self) -> str:
        """The stub as nobody has edited it."""
        return original(self.name).decode()

    @property
    def instruction(self) -> str:
        """Its docstring."""
        return ast.get_docstring(ast.parse(self.stub)) or ""

    @property
    def title(self) -> str:
        """Exercise 8 · A token bucket decides who gets a task."""
        first = self.instruction.partition("\n")[0].rstrip(".")
        which, _, what = first.partition(": ")
        return f"{which} · {what[:1].upper()}{what[1:]}"

    @property
    def checks(self) -> list[Check]:
        """What is graded, in order."""
        file = ROOT / "checks" / f"test_{self.name}.py"
        tree = ast.parse(file.read_text("utf-8"))
        return [
            Check(
                node.name.removeprefix("test_").replace("_", " "),
                " ".join((ast.get_docstring(node) or "").split()),
                points(node),
            )
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.name.startswith("test_")
        ]

    def page(self) -> str:
        """Return it as Markdown."""
        number = str(int(self.name[2:4]))
        path = f"exercises/{self.name}.py"
        body = self.stub[self.stub.index('"""', 3) + 3 :].strip("\n")
        parts = [f"# {self.title}", f"*The stub is `{path}`.*"]
        sections, last = instruction(self.instruction)
        parts += [*sections, *folded_hints(self.name)]
        commands = "\n".join(
            command(session, number) for session in ("watch", "grade", "hint")
        )
        return "\n\n".join(
            [
                *parts,
                last,
                fenced(commands, "bash"),
                "## What is checked",
                "\n".join(self._table()),
                "## The stub",
                fenced(body, "python"),
                "",
            ]
        )

    def _table(self) -> Iterator[str]:
        yield "| check | what it promises | points |"
        yield "|---|---|---:|"
        for check in self.checks:
            yield f"| {check.name} | {cell(check.promise)} | {check.points} |"


def exercises() -> list[Exercise]:
    """Return all of them, in order."""
    return [Exercise(suite.name) for suite in Course().suites()]


def points(check: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many points a check gives, by its decorator."""
    for each in check.decorator_list:
        if isinstance(each, ast.Call) and ast.unparse(each.func).endswith(
            "mark.points"
        ):
            return int(ast.literal_eval(each.args[0]))
    return 1


def folded_hints(name: str) -> Iterator[str]:
    """Return the hints to an exercise, each to be opened by a click."""
    found = hints(ROOT / "exercises" / "hints", name)
    if found:
        yield "## Hints"
    for number, hint in enumerate(found, 1):
        yield f'??? tip "Hint {number}"\n' + indented(plain(hint.text))


def indented(text: str) -> str:
    """Put it inside of the line above."""
    return re.sub(r"^(?=.)", "    ", text, flags=re.MULTILINE)
