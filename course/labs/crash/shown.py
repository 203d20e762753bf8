"""The crash lab for a notebook: a short run there, and the stored one.

crash("Celery")                       as installed, with sixty tasks
crash("Celery", "course")             as its stage sets it up
stored("Celery", "RQ")                what five seeds came to
"""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from course.labs.crash.picture import called, in_words, markdown, svg
from course.labs.crash.results import Report, Row
from course.labs.crash.setups import ALL, Kill
from course.labs.crash.trial import run
from course.lesson import Shown

STORED = Path(__file__).with_name("stored.json")


class Cells:
    """Runs that a notebook shows as cells, and a terminal in words."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows

    def _repr_mimebundle_(self, **_: object) -> tuple[Any, Any]:
        """Show the picture; its text stands beside it, and is its alt."""
        kind, alt = "image/svg+xml", repr(self)
        return {kind: svg(self.rows), "text/plain": alt}, {kind: {"alt": alt}}

    def __repr__(self) -> str:
        return "\n".join(
            f"{called(row)}: {in_words(row)}" for row in self.rows
        )


def crash(  # noqa: PLR0913 (a notebook names what it changes)
    engine: str,
    setup: str = "installed",
    *,
    kill: Kill = "worker",
    tasks: int = 60,
    wait: float | None = None,
    seed: int = 1,
) -> Cells:
    """Make one short run."""
    (chosen,) = (
        one for one in ALL if (one.engine, one.setup) == (engine, setup)
    )
    chosen = chosen.within(wait)
    # In a thread: a notebook's own has an event loop already.
    with ThreadPoolExecutor(1) as thread:
        row = thread.submit(
            run, chosen, kill, seed, tasks, threading.Event(), say_nothing
        )
        return Cells([row.result()])


def say_nothing(_: str) -> None:
    """Show no progress: a cell has room for one picture."""


def stored(*engines: str) -> Shown:
    """Return the stored runs of these engines, or all."""
    report = Report.load(STORED)
    report.rows = [
        row for row in report.rows if row.engine in (engines or {row.engine})
    ]
    return Shown(markdown(report))
