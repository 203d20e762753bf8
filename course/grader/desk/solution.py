"""Compare an answer with a good one, once it is right or given up."""

import argparse
import ast
import difflib
import re
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

from course.grader.desk.place import Desk
from course.grader.desk.progress import Progress, today
from course.grader.exercises import Suite, UsageError
from course.grader.grading import grade, usual
from course.grader.lines import printable, put
from course.typed import command

STYLES = {"+": "green", "-": "red"}
WHY, ANOTHER = "Why so", "Another right way"


def describe(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("exercise", metavar="EXERCISE", help="number or name")
    help_ = "see it although yours is not right; it will be remembered"
    parser.add_argument("--give-up", action="store_true", help=help_)


def run(given: argparse.Namespace, desk: Desk, console: Console) -> int:
    """Show it, if it may be shown."""
    suite = desk.suite(given.exercise)
    if allowed(suite, desk, give_up=given.give_up):
        put(compared(suite, desk), console)
        return 0
    again = command("solution", suite.number, "--give-up")
    said = "Not all of it is right yet; the solution is shown afterwards."
    put([Text(suite.title, "bold"), Text(), Text(said)], console)
    put([Text(f"To see it now, which is remembered: {again}")], console)
    return 1


def allowed(suite: Suite, desk: Desk, *, give_up: bool) -> bool:
    """See whether it is right or given up; grade it, if nobody has."""
    if Progress(desk)[suite.name].may_see_solution:
        return True
    (result,) = grade([suite], usual()).exercises
    progress = Progress(desk)
    progress.record(result)
    if result.state == "right":
        return True
    if give_up:
        progress.change(suite.name, gave_up=today())
    return give_up


def compared(suite: Suite, desk: Desk) -> list[Text]:
    """Write what differs, then why the good answer is as it is."""
    solution = desk.solution(suite)
    name = desk.shown(suite.answer)
    cut, yours = _code(_read(suite.answer))
    _, theirs = _code(_read(solution).partition(f"\n# {WHY}:")[0])
    return [
        Text(f"- {name}", "red"),
        Text(f"+ {desk.shown(solution)}", "green"),
        Text(),
        *_differences(yours, theirs, name, cut),
        *paragraph(solution, WHY),
        *paragraph(solution, ANOTHER),
    ]


def paragraph(solution: Path, heading: str) -> list[Text]:
    """Return what a solution says at its end under "Why so:" or so."""
    text = _read(solution)
    found = re.search(
        rf"^# {heading}: (.+\n(?:# .+\n)*)", text + "\n", re.MULTILINE
    )
    if found is None:
        return []
    first, *more = [line.removeprefix("# ") for line in found[1].splitlines()]
    start = Text().append(f"{heading}: ", "bold").append(first)
    return [Text(), start, *map(Text, more)]


def _differences(
    yours: list[str], theirs: list[str], name: str, cut: int
) -> Iterator[Text]:
    found = difflib.unified_diff(yours, theirs, lineterm="", n=2)
    lines = [*found][2:]
    for line in lines:
        place = re.match(r"@@ -(\d+)", line)
        if place:
            yield Text(f"{name}:{int(place[1]) + cut}", "dim")
        else:
            yield Text(printable(line), STYLES.get(line[:1], ""))
    if not lines:
        yield Text("They do not differ.")


def _code(text: str) -> tuple[int, list[str]]:
    """Cut off the docstring on top; return how many lines, and the rest."""
    lines = text.rstrip().splitlines()
    try:
        first = ast.parse(text).body[0]
    except (SyntaxError, ValueError, IndexError):
        return 0, lines
    cut = (first.end_lineno or 0) if isinstance(first, ast.Expr) else 0
    while cut < len(lines) and not lines[cut].strip():
        cut += 1
    return cut, lines[cut:]


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read ({error.strerror})."
        ) from None
