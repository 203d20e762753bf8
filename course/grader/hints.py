"""The hints to an exercise, as exercises/hints/exNN.md holds them.

Each section `## Hint N` is one hint, in Markdown. Its first line may be
`for: test_a, test_b`: when one of these checks fails, one begins there.
"""

import re
from dataclasses import dataclass
from pathlib import Path

HEADING = re.compile(r"^## Hint \d+\n(?:for: (.+)\n)?", re.MULTILINE)


@dataclass(frozen=True)
class Hint:
    """One hint, and the failing checks at which one begins with it."""

    text: str
    checks: tuple[str, ...] = ()


def hints(folder: Path, name: str) -> list[Hint]:
    """Read the hints to ex08_rate_limit, in order; there may be none."""
    try:
        text = (folder / f"{name[:4]}.md").read_text("utf-8")
    except FileNotFoundError:
        return []
    _, *parts = HEADING.split(text)
    return [
        Hint(body.strip(), tuple(checks.split(", ") if checks else ()))
        for checks, body in zip(parts[::2], parts[1::2], strict=True)
    ]


def first(found: list[Hint], failed: str) -> int:
    """Return the place of the hint to begin with when this check fails."""
    for check in (failed, failed.partition("[")[0]):
        for place, hint in enumerate(found):
            if check in hint.checks:
                return place
    return 0
