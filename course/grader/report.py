"""Tell a learner what is right, what is wrong, and where to look."""

import textwrap
from pathlib import Path

from rich.console import Console
from rich.text import Text

from course.grader.exercises import number_of
from course.grader.lines import (
    INDENT,
    LABEL,
    WIDTH,
    labelled,
    printable,
    put,
)
from course.grader.result import Check, Exercise, Grade
from course.typed import command

QUOTE = "    | "
COUNTS = 77  # the column where points and keys end
PRINTED = 8  # lines of what an answer printed, without --traceback
FAILED = {"wrong": "not yet", "not run": "not checked"}
SIGNS = {"right": "✓", "wrong": "✗", "waiting": "–", "not run": "!"}
RIGHT = "All of it is right."
BUG = "This is not your mistake: please report it."
STYLES = {"right": "green", "wrong": "red", "waiting": "dim"}


def show(
    grade: Grade, console: Console | None = None, *, traceback: bool = False
) -> None:
    """Print the report of a grading, and what to do next."""
    console = console or Console(highlight=False)
    lines: list[Text] = []
    for exercise in grade.exercises:
        told = about(exercise, traceback=traceback)
        lines += [*told, Text(), *_next(exercise), Text()]
    if not traceback:
        lines = [*lines[:-1], *_how_to_see_more(grade), Text()]
    if len(grade.exercises) > 1:
        lines.append(_total(grade))
    else:
        lines = lines[:-1]
    lines += [Text(note, "yellow") for note in grade.notes]
    put(lines, console)


def about(exercise: Exercise, *, traceback: bool = False) -> list[Text]:
    """Tell of one exercise: each check, and each failure in full."""
    lines = [*_header(exercise), Text()]
    checks = exercise.checks
    wrong = [each for each in checks if each.state in {"wrong", "not run"}]
    if exercise.state == "not run" and not wrong[0].imported:
        lines += _in_full(wrong[0], "the answer can't be imported")
        return [*lines, *_details(wrong[0], traceback=traceback)]
    for check in checks:
        if check.state == "right":
            lines.append(Text(f"✓ {check.title}", STYLES["right"]))
        elif check.state != "waiting":
            lines += _in_full(check, f"{FAILED[check.state]}: {check.title}")
            first = traceback and check is wrong[0]
            lines += _details(check, traceback=first)
    waiting = sum(check.state == "waiting" for check in checks)
    if waiting:
        said = "check waits" if waiting == 1 else "checks wait"
        above = "the one above" if len(wrong) == 1 else "those above"
        text = f"– {waiting} {said} for {above}"
        lines.append(Text(text, STYLES["waiting"]))
    return lines


def _header(exercise: Exercise) -> list[Text]:
    right = sum(check.state == "right" for check in exercise.checks)
    counts = (
        f"{right} of {len(exercise.checks)} checks ·"
        f" {exercise.points:g} of {exercise.max_points:g} points ·"
        f" {exercise.seconds:.1f} s"
    )
    room = COUNTS - len(exercise.title) - len(counts)
    if room < 2:  # noqa: PLR2004 (two blanks part them)
        title = textwrap.shorten(exercise.title, WIDTH, placeholder=" …")
        return [Text(title, "bold"), Text(counts.rjust(COUNTS))]
    line = Text(exercise.title, "bold")
    return [line.append(" " * room + counts, "not bold")]


def _headline(check: Check, title: str) -> list[Text]:
    """Say that it is not so, and how many points that costs."""
    points = f"0 of {check.max_points:g}"
    first, *more = textwrap.wrap(title, COUNTS - len(points) - 4)
    style = STYLES.get(check.state, "yellow")
    line = Text(f"{SIGNS[check.state]} {first}", style)
    if check.imported:
        line.append(points.rjust(COUNTS - len(line)), "dim")
    return [line, *(Text(f"  {each}", style) for each in more)]


def _in_full(check: Check, title: str) -> list[Text]:
    fault = {
        "this machine": "this machine, not your answer",
        "our bug": "the course, not your answer: please report it",
    }.get(check.fault, "")
    problem, note = check.message, ""
    if check.got:
        problem, note = "", "" if problem == check.got else problem
    expected, promise = check.expected, check.promise
    if expected == promise or not check.imported:
        promise = ""
    yours = f"{check.place}   {check.code}" if check.place else ""
    if len(yours) > WIDTH - INDENT - LABEL:
        yours = f"{check.place}\n{check.code}"
    return [
        *_headline(check, title),
        *labelled("goal", promise),
        *labelled("did", check.did),
        *labelled("problem", problem),
        *labelled("expected", expected),
        *labelled("got", check.got),
        *labelled("note", note),
        *_picture(check.picture),
        *labelled("order", "" if check.picture else " → ".join(check.order)),
        *labelled("your line", yours),
        *labelled("why", check.why if check.state == "wrong" else ""),
        *labelled("fault", fault),
    ]


def _picture(text: str) -> list[Text]:
    """Give it the whole width, between two empty lines."""
    lines = [Text(line, "dim") for line in printable(text).splitlines()]
    return [Text(), *lines, Text()] if lines else []


def _details(check: Check, *, traceback: bool) -> list[Text]:
    """Give what the answer printed, and on request all there is."""
    lines = []
    printed = check.printed.strip().splitlines()
    if printed:
        more = len(printed) - PRINTED
        if more > 0 and not traceback:
            printed = [f"({more} lines before)", *printed[-PRINTED:]]
        lines += [Text("    printed"), *_quoted("\n".join(printed))]
    if traceback and check.traceback:
        lines += [Text("    traceback"), *_quoted(check.traceback)]
    return lines


def _quoted(text: str) -> list[Text]:
    return [Text(QUOTE + line) for line in printable(text).splitlines()]


def _next(exercise: Exercise) -> list[Text]:
    if exercise.state == "right":
        return [Text(RIGHT, "green")]
    if any(check.fault == "our bug" for check in exercise.checks):
        return [Text(BUG)]
    folder = Path(exercise.file).parent.as_posix()
    number = number_of(exercise.name)
    if folder == "exercises":
        again = command("watch", number)
    else:
        again = command("grade", number, f"--target={folder}")
    edit = f"Edit {exercise.file}, then: "
    if len(edit + again) <= WIDTH:
        return [Text(edit + again)]
    return [Text(edit.rstrip()), Text("  " + again)]


def _how_to_see_more(grade: Grade) -> list[Text]:
    """Name the option for the first exercise that has more to show."""
    for exercise in grade.exercises:
        wrong = [each for each in exercise.checks if each.state != "right"]
        if any(each.traceback for each in wrong[:1]):
            words = [number_of(exercise.name), "--traceback"]
            folder = Path(exercise.file).parent.as_posix()
            if folder != "exercises":
                words.append(f"--target={folder}")
            said = f"Its traceback: {command('grade', *words)}"
            return [Text(said, "dim")]
    return []


def ending(text: str, keys: str) -> list[Text]:
    """Put the keys behind what is to be done, below it if need be."""
    room = COUNTS - len(text) - len(keys)
    if text and room < 2:  # noqa: PLR2004 (two blanks part them)
        return [Text(text), Text(keys.rjust(COUNTS), "dim")]
    return [Text(text).append(" " * room).append(keys, "dim")]


def _total(grade: Grade) -> Text:
    right = sum(each.state == "right" for each in grade.exercises)
    points = sum(each.points for each in grade.exercises)
    of = sum(each.max_points for each in grade.exercises)
    return Text(
        f"{right} of {len(grade.exercises)} exercises are right ·"
        f" {points:g} of {of:g} points",
        "bold",
    )
