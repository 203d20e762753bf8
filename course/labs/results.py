"""What came of testing the stages on many versions, told as a table."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.table import Table

PACKAGES = ["starlette", "pydantic", "sqlalchemy"]
HEADINGS = [
    *("Python", "FastAPI", "Starlette", "Pydantic", "SQLAlchemy"),
    *("stages", "passed", "failed", "skipped"),
]
INTRODUCTION = """\
# Which versions the stages run on

Stages 1 to 5 run on FastAPI 0.118 and newer. From stage 6 on they need
FastAPI 0.164, which brought `max_body_size`: a request body above that limit
is refused with 413, and is not kept in memory.

Each row is one run of the stages' tests with warnings as errors, in an
environment of its own: every Python that was found, with the oldest FastAPI
for stages 1 to 5, with the oldest for stage 6, and with the newest. The tests
that kill or freeze engines and databases take many minutes: only `python3
start.py tests` runs them. `python3 start.py compat` runs the others again and
writes this file; nothing here is written by hand. One warning is let through
with the oldest FastAPI: its TestClient imports a name that anyio has moved.

"""


@dataclass(frozen=True)
class Counts:
    """What pytest counted; the failed ones by name."""

    passed: int
    failed: tuple[str, ...] = ()
    skipped: int = 0


@dataclass(frozen=True)
class Run:
    """One Python with one FastAPI, and how it went."""

    python: str
    which: str  # oldest or newest
    stages: str  # that were tested
    versions: dict[str, str] = field(default_factory=dict)
    counts: Counts | None = None
    note: str = ""  # why it did not run
    wrong: bool = False  # it was there, but could not be tried

    @property
    def outcome(self) -> str:
        """How it went, in one line."""
        if self.counts is None:
            return f"not run: {self.note}"
        said = f"{self.counts.passed} passed"
        for count, word in [
            (len(self.counts.failed), "failed"),
            (self.counts.skipped, "skipped"),
        ]:
            said += f", {count} {word}" if count else ""
        return said

    @property
    def cells(self) -> list[str]:
        """Its row, in the order of the headings."""
        shown = self.versions.get
        row = [
            shown("python", self.python),
            shown("fastapi", self.which),
            *(shown(name, "–") for name in PACKAGES),
            self.stages,
        ]
        if self.counts is None:
            return [*row, self.outcome, "", ""]
        failed, skipped = len(self.counts.failed), self.counts.skipped
        return [*row, str(self.counts.passed), str(failed), str(skipped)]


def verdict(runs: Sequence[Run], required: str) -> str:
    """Return what is wrong, in words; nothing if all is well."""
    wrong = [
        f"Python {run.python}, FastAPI {run.which}: {run.outcome}"
        for run in runs
        if run.wrong or (run.counts and run.counts.failed)
    ]
    if not any(run.python == required and run.counts for run in runs):
        wrong.append(f"Python {required} is required: install it.")
    return "\n".join(wrong)


def table(runs: Sequence[Run]) -> Table:
    """Return the table for a terminal."""
    shown = Table(title="The stages' tests", padding=0)
    for heading in HEADINGS:
        shown.add_column(heading)
    for run in runs:
        shown.add_row(*run.cells)
    return shown


def document(runs: Sequence[Run]) -> str:
    """Return the Markdown file: the table, and each test that failed."""
    rows = [HEADINGS, ["---"] * 6 + ["--:"] * 3, *(run.cells for run in runs)]
    lines = [f"| {' | '.join(row)} |".replace("  |", " |") for row in rows]
    for run in runs:
        if run.counts and run.counts.failed:
            name = f"Python {run.python}, FastAPI {run.which}"
            lines += ["", f"Failed with {name}:", ""]
            lines += [f"- `{test}`" for test in run.counts.failed]
    return INTRODUCTION + "\n".join(lines) + "\n"
