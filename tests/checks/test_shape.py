"""Every exercise has the shape that a learner can rely on."""

import ast
import difflib
import re
from pathlib import Path
from typing import Any

import pytest

from course.grader.exercises import Suite
from course.grader.hints import hints
from tests.checks.bank import ROOT, SUITES, answers

SECTIONS = ("Story", "Build", "Names that the checks use")
HINTS = ROOT / "exercises" / "hints"
HOLES = 3  # consecutive lines of a solution that would give it away
each = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)


def stub(suite: Suite) -> Path:
    """Return the file that a learner edits."""
    return ROOT / "exercises" / suite.answer.name


def checks(suite: Suite) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return the checks as they are written."""
    tree = ast.parse(suite.checks.read_text("utf-8"))
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    ]


def marks(
    check: ast.FunctionDef | ast.AsyncFunctionDef, name: str
) -> list[Any]:
    """Return the first argument of each `pytest.mark.<name>`."""
    return [
        ast.literal_eval(each.args[0])
        for each in check.decorator_list
        if isinstance(each, ast.Call)
        and ast.unparse(each.func) == f"pytest.mark.{name}"
    ]


def test_stub_solution_and_checks_go_by_one_name() -> None:
    """One of each for each number, and nothing else."""
    names = [suite.name for suite in SUITES]
    numbers = [name[:4] for name in names]
    assert numbers == [f"ex{n:02}" for n in range(1, len(names) + 1)]
    for folder, pattern in (
        ("exercises", "ex*.py"),
        ("solutions", "ex*.py"),
        ("checks", "test_ex*.py"),
    ):
        found = sorted(path.stem for path in (ROOT / folder).glob(pattern))
        assert [name.removeprefix("test_") for name in found] == names
    assert sorted(path.stem for path in HINTS.glob("*")) == numbers


@each
def test_a_stub_says_what_to_do(suite: Suite) -> None:
    """Story, what to build, the names; and where to write."""
    text = stub(suite).read_text("utf-8")
    said = ast.get_docstring(ast.parse(text)) or ""
    assert said.startswith(f"Exercise {int(suite.number)}: ")
    headings = [line for line in said.splitlines() if line in SECTIONS]
    assert headings == list(SECTIONS)
    assert re.search(
        r"^Builds on (exercises? \d|stages\b)", said, re.MULTILINE
    )
    assert 1 <= len(re.findall(r"# TODO: \S", text)) <= 4


@each
def test_hints_begin_where_a_check_fails(suite: Suite) -> None:
    """Two at least, numbered; each name is a check's, and named once."""
    text = (HINTS / f"{suite.name[:4]}.md").read_text("utf-8")
    headings = re.findall(r"^#+ .*", text, re.MULTILINE)
    found = hints(HINTS, suite.name)
    assert headings == [
        f"# Hints to exercise {suite.number}",
        *(f"## Hint {number}" for number in range(1, len(found) + 1)),
    ]
    assert len(found) >= 2
    assert all(hint.text for hint in found)
    named = [name for hint in found for name in hint.checks]
    names = {check.name for check in checks(suite)}
    assert {name.partition("[")[0] for name in named} <= names
    assert len(set(named)) == len(named)


# exercise 6 asks for an order of words that are given
@pytest.mark.parametrize(
    "suite", [s for s in SUITES if s.number != "6"], ids=lambda s: s.name
)
def test_a_stub_does_not_hold_its_solution(suite: Suite) -> None:
    """What the solution adds stands nowhere in the stub, hints included."""
    before = stripped(stub(suite).read_text("utf-8"))
    after = stripped(suite.answer.read_text("utf-8"))
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    added = [
        after[start:end]
        for tag, _, _, start, end in matcher.get_opcodes()
        if tag in ("insert", "replace")
    ]
    hints_ = stripped((HINTS / f"{suite.name[:4]}.md").read_text("utf-8"))
    everything = "\n".join([*before, *hints_])
    for lines in added:
        for number in range(len(lines) - HOLES + 1):
            part = "\n".join(lines[number : number + HOLES])
            assert part not in everything


@each
def test_a_solution_says_why_so_and_what_else_is_right(suite: Suite) -> None:
    """Its last paragraphs do, and nothing is left to be done in it."""
    text = suite.answer.read_text("utf-8")
    last = text.rstrip().rpartition("\n\n\n")[2]
    assert last.startswith("# Why so: ")
    assert "\n# Another right way: " in last
    assert all(line.startswith("#") for line in last.split("\n") if line)
    assert "TODO" not in text
    assert "NotImplementedError" not in text


@each
def test_a_check_is_a_promise_with_points(suite: Suite) -> None:
    """It says what it promises, and why that matters; what it waits for is."""
    names = {check.name for check in checks(suite)}
    assert names
    for check in checks(suite):
        said = ast.get_docstring(check) or ""
        promise, why = said.split("\n\n")
        assert promise.endswith("."), check.name
        assert why.endswith("."), check.name
        (points,) = marks(check, "points")
        assert points >= 1, check.name
        assert set(marks(check, "after")) <= names - {check.name}


@each
def test_the_checks_are_proved_with_answers(suite: Suite) -> None:
    """Three ways of being right at least, and a wrong one for each check."""
    right = [a for a in answers("right") if a.suite == suite]
    wrong = [a for a in answers("wrong") if a.suite == suite]
    assert len(right) >= 3
    assert len(wrong) >= len(checks(suite))
    caught = {name.split("[")[0] for a in wrong for name in a.fails}
    assert {check.name for check in checks(suite)} == caught
    for answer in wrong:
        assert re.match(r"# \S.*[.?]$", answer.mistake), answer.name


def stripped(text: str) -> list[str]:
    """Return the lines that say something, without their indentation."""
    return [line.strip() for line in text.splitlines() if line.strip()]
