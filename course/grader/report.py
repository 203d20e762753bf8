"""Tell a learner what is right, what is wrong, and where to look."""

import textwrap

from rich.console import Console
from rich.text import Text

from course.grader.model import Check, Exercise, Grade

WIDTH = 80
COUNTS, POINTS = 77, 74  # the columns where these end
INDENT, LABEL = 4, 10
SIGNS = {"right": "✓", "wrong": "✗", "waiting": "–", "not run": "!"}
STYLES = {"right": "green", "wrong": "red", "waiting": "dim"}
PLAIN = str.maketrans(
    {"✓": "+", "✗": "x", "–": "-", "·": "|", "→": ">", "…": "~"}
)


def show(grade: Grade, console: Console, *, traceback: bool = False) -> None:
    """Print the report of a grading; signs become ASCII where they must."""
    lines: list[Text] = []
    for exercise in grade.exercises:
        lines += [*_exercise(exercise, traceback=traceback), Text()]
    if len(grade.exercises) > 1:
        lines.append(_total(grade))
    else:
        lines = lines[:-1]
    unicode = console.encoding.lower().startswith("utf")
    for line in lines:
        if not unicode:
            line.plain = line.plain.translate(PLAIN)
        console.print(line, soft_wrap=True, highlight=False)


def _exercise(exercise: Exercise, *, traceback: bool) -> list[Text]:
    lines = [*_header(exercise), Text()]
    checks = exercise.checks
    wrong = [each for each in checks if each.state in {"wrong", "not run"}]
    if exercise.state == "not run" and not wrong[0].imported:
        lines += _in_full(wrong[0], "the answer can't be imported", "")
        lines += _traceback(wrong[0]) if traceback else []
        return [*lines, Text(), _next(exercise)]
    for check in checks:
        if check.state == "right":
            lines.append(Text(f"✓ {check.title}", STYLES["right"]))
        elif check.state != "waiting" and check is wrong[0]:
            lines += _in_full(check, check.title, _worth(check))
            lines += _traceback(check) if traceback else []
        elif check.state != "waiting":
            lines += _headline(check, check.title, _worth(check))
            if check.state == "not run" or not check.expected:
                lines += _labelled("got", check.message or check.got)
    waiting = sum(check.state == "waiting" for check in checks)
    if waiting:
        said = "check waits" if waiting == 1 else "checks wait"
        above = "the one above" if len(wrong) == 1 else "those above"
        text = f"– {waiting} {said} for {above}"
        lines.append(Text(text, STYLES["waiting"]))
    return [*lines, Text(), _next(exercise)]


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


def _worth(check: Check) -> str:
    points = check.max_points
    return "1 point" if points == 1 else f"{points:g} points"


def _headline(check: Check, title: str, worth: str) -> list[Text]:
    first, *more = textwrap.wrap(title, POINTS - len(worth) - 4) or [""]
    start = f"{SIGNS[check.state]} {first}"
    style = STYLES.get(check.state, "yellow")
    line = Text(start, style)
    if worth:
        line.append(worth.rjust(POINTS - len(start)), "dim")
    return [line, *(Text(f"  {each}", style) for each in more)]


def _in_full(check: Check, title: str, worth: str) -> list[Text]:
    fault = {
        "this machine": "this machine, not your answer",
        "our bug": "the course, not your answer: please report it",
    }.get(check.fault, "")
    why = "" if check.message == check.got else check.message
    if check.state == "not run" and not check.imported:
        expected = ""
    else:
        expected = check.expected
    yours = f"{check.place}   {check.code}" if check.place else ""
    return [
        *_headline(check, title, worth),
        *_labelled("did", check.did),
        *_labelled("expected", expected),
        *_labelled("got", check.got),
        *_labelled("why", why),
        *_picture(check.picture),
        *_labelled("order", "" if check.picture else " → ".join(check.order)),
        *_labelled("yours", yours),
        *_labelled("fault", fault),
    ]


def _labelled(label: str, text: str) -> list[Text]:
    """Put a text beside its label, wrapped below itself."""
    room = WIDTH - INDENT - LABEL
    lines = [
        piece
        for line in _printable(text).splitlines()
        for piece in textwrap.wrap(line, room) or [""]
    ][:12]
    margin = " " * INDENT
    return [
        Text(f"{margin}{'' if number else label:<{LABEL}}{line}")
        for number, line in enumerate(lines)
    ]


def _picture(text: str) -> list[Text]:
    """Give it the whole width, between two empty lines."""
    lines = [Text(line, "dim") for line in _printable(text).splitlines()]
    return [Text(), *lines, Text()] if lines else []


def _traceback(check: Check) -> list[Text]:
    lines = []
    if check.printed:
        lines += [Text("    printed"), *_quoted(check.printed)]
    if check.traceback:
        lines += [Text("    traceback"), *_quoted(check.traceback)]
    return lines


def _quoted(text: str) -> list[Text]:
    return [Text(f"    | {line}") for line in _printable(text).splitlines()]


def _printable(text: str) -> str:
    """Let no answer move the cursor or colour the screen."""
    return "".join(
        each if each.isprintable() or each == "\n" else "�"
        for each in text.expandtabs(4).replace("\r\n", "\n")
    )


def _next(exercise: Exercise) -> Text:
    number = exercise.name[2:].partition("_")[0].lstrip("0")
    if exercise.state == "right":
        return Text("All of it is right.", "green")
    if any(check.fault == "our bug" for check in exercise.checks):
        return Text("This is not your mistake: please report it.")
    again = f"python -m course.grader {number}"
    return Text(f"Edit {exercise.file}, then: {again}")


def _total(grade: Grade) -> Text:
    right = sum(each.state == "right" for each in grade.exercises)
    points = sum(each.points for each in grade.exercises)
    of = sum(each.max_points for each in grade.exercises)
    return Text(
        f"{right} of {len(grade.exercises)} exercises are right ·"
        f" {points:g} of {of:g} points",
        "bold",
    )
