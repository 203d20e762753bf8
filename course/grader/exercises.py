"""Find exercises by number or name, and the files that belong to them."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from course.folders import ROOT

ORIGINALS = Path(__file__).parent / "stubs"  # the stubs as they were
PATTERN = re.compile(r"test_(ex(\d+)_(\w+))\.py")


class UsageError(Exception):
    """What was typed can't be done; the text says what to type instead."""


@dataclass(frozen=True, slots=True)
class Suite:
    """The checks of one exercise, and its answer."""

    name: str  # ex08_rate_limit
    checks: Path
    answer: Path

    @property
    def number(self) -> str:
        """Its number without zeros in front."""
        return number_of(self.name)

    @property
    def words(self) -> str:
        """Its name without the number."""
        return self.name.partition("_")[2]

    @property
    def title(self) -> str:
        """The header of its report: ex08 · Rate limit."""
        original = ORIGINALS / f"{self.name}.txt"
        for file in (original, self.answer, self.checks):
            found = re.match(r"Exercise \d+: (.+?)\.?$", first_line(file))
            if found:
                first = found[1]
                break
        else:
            first = self.words.replace("_", " ")
        return f"{self.name[:4]} · {first[:1].upper()}{first[1:]}"


def number_of(name: str) -> str:
    """Return the number of ex08_rate_limit, without zeros in front."""
    return str(int(name[2:].partition("_")[0]))


def first_line(file: Path) -> str:
    """Return the first line of a file's docstring, if it can be had."""
    try:
        text = ast.get_docstring(ast.parse(file.read_bytes()))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    return (text or "").partition("\n")[0]


def find(checks: Path, target: Path) -> list[Suite]:
    """List what there is, in order."""
    found = []
    for file in sorted(checks.glob("test_ex*.py")):
        match = PATTERN.fullmatch(file.name)
        if match:
            answer = target / f"{match[1]}.py"
            found.append(Suite(match[1], file, answer))
    if not found:
        raise UsageError(
            f"There are no checks in {checks}: expected files such as"
            " test_ex01_background_task.py there."
        )
    return found


def choose(suites: list[Suite], words: list[str]) -> list[Suite]:
    """Return those that the words name; all, if there are none."""
    chosen = [each for word in words for each in [_named(suites, word)]]
    return [each for each in suites if not words or each in chosen]


def _named(suites: list[Suite], word: str) -> Suite:
    wanted = Path(word).stem.removeprefix("test_")
    number = wanted.removeprefix("ex").lstrip("0")
    for each in suites:
        if wanted in {each.name, each.words} or number == each.number:
            return each
    there = "\n".join(f"  {each.number:>2}  {each.words}" for each in suites)
    raise UsageError(
        f"There is no exercise {word!r}. These are there; give a number or"
        f" a name:\n{there}"
    )


def folder(name: str) -> Path:
    """Find a folder from here, or else from the root of the course."""
    for found in (Path(name), ROOT / name):
        if found.is_dir():
            return found.resolve()
    raise UsageError(
        f"There is no folder {name!r}, neither here nor in the course: name"
        " one that holds files such as ex01_background_task.py."
    )
