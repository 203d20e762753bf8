"""Compare an answer with a good one, once it is right or given up."""

import argparse
import ast
import difflib
import re
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

from course.grader.exercises import Course, Suite, UsageError
from course.grader.grading import grade, usual
from course.grader.lines import printable, put
from course.grader.progress import Progress, today
from course.typed import command

STYLES = {"+": "green", "-": "red"}
WHY, ANOTHER = "Why so", "Another right way"


def run(given: argparse.Namespace, course: Course, console: Console) -> int:
    """Show it, if it may be shown."""
    suite = course.suite(given.exercise)
    if allowed(suite, course, give_up=given.give_up):
        put(compared(suite, course), console)
        return 0
    again = command("solution", suite.number, "--give-up")
    said = "Not all of it is right yet; the solution is shown afterwards."
    put([Text(suite.title, "bold"), Text(), Text(said)], console)
    put([Text(f"To see it now, which is remembered: {again}")], console)
    return 1


def allowed(suite: Suite, course: Course, *, give_up: bool) -> bool:
    """See whether it is right or given up; grade it, if nobody has."""
    if Progress(course)[suite.name].may_see_solution:
        return True
    (result,) = grade([suite], usual()).exercises
    progress = Progress(course)
    progress.record(result)
    if result.state == "right":
        return True
    if give_up:
        progress.change(suite.name, gave_up=today())
    return give_up


def compared(suite: Suite, course: Course) -> list[Text]:
    """Write what differs, then why the good answer is as it is."""
    solution = course.solution(suite)
    name = course.shown(suite.answer)
    return [
        Text(f"- {name}", "red"),
        Text(f"+ {course.shown(solution)}", "green"),
        Text(),
        *_differences(*_both(suite, course), name),
        *why_so(suite, course),
        *another_way(suite, course),
    ]


def why_so(suite: Suite, course: Course) -> list[Text]:
    """Return why the solution is as it is, and say if yours is another."""
    yours, solution = _both(suite, course)
    same = _squeezed(yours) == _squeezed(solution)
    heading = WHY if same else f"{WHY}, in the solution (yours differs)"
    return _paragraph(course.solution(suite), WHY, heading)


def another_way(suite: Suite, course: Course) -> list[Text]:
    """Return what else would be right."""
    return _paragraph(course.solution(suite), ANOTHER, ANOTHER)


def _paragraph(solution: Path, begins: str, heading: str) -> list[Text]:
    """Return what a solution says at its end under "Why so:" or so."""
    found = re.search(
        rf"^# {begins}: (.+\n(?:# .+\n)*)",
        _read(solution) + "\n",
        re.MULTILINE,
    )
    if found is None:
        return []
    first, *more = [line.removeprefix("# ") for line in found[1].splitlines()]
    if heading != begins:
        more = [first, *more]
        return [Text(), Text(f"{heading}:", "bold"), *map(Text, more)]
    start = Text().append(f"{heading}: ", "bold").append(first)
    return [Text(), start, *map(Text, more)]


def _both(
    suite: Suite, course: Course
) -> tuple[dict[int, str], dict[int, str]]:
    """Return the code of the answer and of the solution."""
    solution = _read(course.solution(suite)).partition(f"\n# {WHY}:")[0]
    return _code(_read(suite.answer)), _code(solution)


def _squeezed(lines: dict[int, str]) -> list[str]:
    return [line.strip() for line in lines.values() if line.strip()]


def _differences(
    yours: dict[int, str], theirs: dict[int, str], name: str
) -> Iterator[Text]:
    both = list(yours.values()), list(theirs.values())
    numbers = [*yours, max(yours, default=0) + 1]
    lines = [*difflib.unified_diff(*both, lineterm="", n=2)][2:]
    for line in lines:
        place = re.match(r"@@ -(\d+)", line)
        if place:
            number = numbers[max(int(place[1]) - 1, 0)]
            yield Text(f"{name}:{number}", "dim")
        else:
            yield Text(printable(line), STYLES.get(line[:1], ""))
    if not lines:
        yield Text("They do not differ.")


def _code(text: str) -> dict[int, str]:
    """Return its lines by their numbers, without what only a stub needs.

    That is the docstring on top and the given handler of what is to do.
    """
    lines = dict(enumerate(text.rstrip().splitlines(), 1))
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        return lines
    for number, each in enumerate(body):
        if (number == 0 and isinstance(each, ast.Expr)) or _is_to_do(each):
            decorators = getattr(each, "decorator_list", [])
            begin = min([each.lineno, *(d.lineno for d in decorators)])
            end = each.end_lineno or begin
            while end + 1 in lines and not lines[end + 1].strip():
                end += 1
            for line in range(begin, end + 1):
                lines.pop(line, None)
    return lines


def _is_to_do(each: ast.stmt) -> bool:
    """See whether it is the handler that every stub brings along."""
    return isinstance(each, ast.AsyncFunctionDef) and [
        ast.unparse(decorator) for decorator in each.decorator_list
    ] == ["app.exception_handler(NotImplementedError)"]


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read ({error.strerror})."
        ) from None
