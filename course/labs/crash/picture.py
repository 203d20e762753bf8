"""The runs as cells, one for each task: done, lost, done twice."""

from collections.abc import Sequence
from typing import Literal

from rich import box
from rich.table import Table
from rich.text import Text

from course.labs.crash.results import Report, Row, tally
from course.labs.crash.setups import COURSE, Setup
from fastapi_timeline.drawing import Drawing

WIDTH, LEFT, ACROSS, PAD = 660, 150, 40, 16
SIGNS = {"0": ("×", "red"), "1": ("■", "green")}
TWICE = ("2", "yellow")
STAGES = {setup.engine: f"stage {int(setup.stage[1:3])}" for setup in COURSE}


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Return the least and the most, or what they both are."""
    low, high = min(values), max(values)
    if f"{low:.{digits}f}" == f"{high:.{digits}f}":
        return f"{low:.{digits}f}"
    return f"{low:.{digits}f}–{high:.{digits}f}"


def grouped(rows: Sequence[Row]) -> dict[tuple[str, str, str], list[Row]]:
    """Return the runs of each setup and kill, in the order of their first."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        key = (row.engine, row.setup, row.kill)
        groups.setdefault(key, []).append(row)
    return groups


def called(row: Row | Setup) -> str:
    """Return how a setup is called."""
    if row.setup == "course":
        return f"{row.engine}, {STAGES[row.engine]}"
    return f"{row.engine}, as installed"


def cells(report: Report) -> list[list[str]]:
    """Return the table's rows; over several seeds, from least to most."""
    rows = []
    for runs in grouped(report.rows).values():
        ended = [run.seconds for run in runs if run.seconds is not None]
        complete = f"{spread(ended, 1)} s" if ended else "never"
        if 0 < len(ended) < len(runs):
            complete += f" in {len(ended)} of {len(runs)}"
        if not ended and all(run.held for run in runs):
            complete = f"not in {spread([run.waited for run in runs])} s"
        rows.append(
            [
                called(runs[0]),
                runs[0].kill,
                spread([run.accepted for run in runs]),
                spread([run.once for run in runs]),
                spread([run.twice for run in runs]),
                spread([run.lost for run in runs]),
                complete,
            ]
        )
    return rows


HEADINGS = [
    *("tasks of", "killed", "accepted", "once", "twice", "lost"),
    "complete after",
]


def caption(report: Report) -> str:
    """Say how many runs these are, when a task is lost, what is shortened."""
    runs = spread([len(runs) for runs in grouped(report.rows).values()])
    waits = spread(sorted({row.waited for row in report.rows}))
    settings = ", ".join(
        f"{name} {value} s" for name, value in report.shortened.items()
    )
    return (
        f"Runs of each: {runs}. A task is lost if it is not done when its"
        " engine has no work left, or when the engine has run only a new test"
        f" task for {waits} s. Shortened for the stages: {settings}."
    )


def table(report: Report) -> Table:
    """Return the table for a terminal."""
    shown = Table(
        title="Killed half-way",
        caption=caption(report),
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for number, heading in enumerate(HEADINGS):
        side: Literal["left", "right"] = "right" if number > 1 else "left"
        wraps = number in {0, 1, len(HEADINGS) - 1}
        shown.add_column(heading, justify=side, no_wrap=not wraps)
    for row in cells(report):
        shown.add_row(*row)
    return shown


def markdown(report: Report) -> str:
    """Return the same table for a page."""
    rows = [HEADINGS, ["---"] * 2 + ["--:"] * 5, *cells(report)]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines, "", caption(report)]) + "\n"


def in_words(row: Row) -> str:
    """Say what the cells show."""
    said = [f"{row.once} done once"] if row.once else []
    said += [f"{row.twice} done twice"] if row.twice else []
    said += [f"{row.lost} lost"] if row.lost else []
    return ", ".join(said)


def in_database(rows: Sequence[Row]) -> str:
    """Say how often the effects in the stages' database are there."""
    all_of = "".join(row.in_database for row in rows)
    if not all_of:
        return ""
    times = tally(all_of)
    return (
        f"In the stages' database, where effect and record are one"
        f" transaction: {times['once']} of {len(all_of)} there once,"
        f" {times['twice']} twice, {times['lost']} not."
    )


def drawn(row: Row, across: int = 50) -> Text:
    """Return one run for a terminal: a sign for each task."""
    text = Text()
    for number, times in enumerate(row.done):
        sign, colour = SIGNS.get(times, TWICE)
        text.append(sign, colour)
        if number % across == across - 1:
            text.append("\n")
    return text


def svg(rows: Sequence[Row], theme: str = "light") -> str:
    """Draw the first run of each setup, light or dark."""
    draw, all_of = Drawing(theme), Cells()
    at = 30.0
    draw.text(
        (PAD, at), "Killed half-way: what became of each task", "ink",
        size="15", font_weight="600",
    )  # fmt: skip
    at += 20
    legend = [("1", "done once"), ("2", "done twice"), ("0", "lost")]
    for number, (times, meaning) in enumerate(legend):
        x = PAD + number * 110
        all_of.add((x, at - 8), times)
        draw.text((x + 14, at), meaning, "soft")
    at += 18
    spoken = []
    for runs in grouped(rows).values():
        row = runs[0]
        if row.kill != "worker":
            continue
        head, _, rest = called(row).partition(", ")
        words = [*[rest] * bool(rest), *in_words(row).split(", ")]
        spoken.append(f"{called(row)}: {in_words(row)}")
        draw.text((PAD, at + 10), head, "ink", font_weight="600")
        for number, line in enumerate(words):
            draw.text((PAD, at + 25 + 14 * number), line, "soft", size="11")
        for number, times in enumerate(row.done):
            down, right = divmod(number, ACROSS)
            all_of.add((LEFT + right * 12, at + down * 12), times)
        lines = -(-len(row.done) // ACROSS)
        at += max(lines * 12, 14 * len(words) + 14) + 14
    all_of.draw(draw)
    name = "; ".join(spoken)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {at:g}"'
        f' width="{WIDTH}" height="{at:g}" role="img" aria-label="{name}">'
        f'<rect width="{WIDTH}" height="{at:g}" rx="8"'
        f' fill="{draw.colour["paper"]}"/>{"".join(draw.parts)}</svg>'
    )


# Where a cell begins, and how its form goes on from there.
FORMS = {
    "0": (
        "m1 1l8 8m0 -8l-8 8",
        'fill="none" stroke-width="2" stroke',
        "error",
    ),
    "1": ("h10v10h-10z", "fill", "sent"),
    "2": ("h10v10h-10zm3 3h4v4h-4z", 'fill-rule="evenodd" fill', "task"),
}


class Cells:
    """All tasks of a picture; the form of each says what its colour says."""

    def __init__(self) -> None:
        self.steps = dict.fromkeys(FORMS, "")

    def add(self, at: tuple[float, float], times: str) -> None:
        """Put one there."""
        kind = times if times in FORMS else "2"
        self.steps[kind] += f"M{at[0]:g} {at[1]:g}{FORMS[kind][0]}"

    def draw(self, draw: Drawing) -> None:
        """Draw those of a kind at once: two hundred boxes are long."""
        for kind, steps in self.steps.items():
            _, how, colour = FORMS[kind]
            if steps:
                draw.add(f'<path d="{steps}" {how}="{draw.colour[colour]}"/>')
