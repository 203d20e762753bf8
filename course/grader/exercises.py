"""Find exercises by number or name, and the files that belong to them.

`exercises/` is the learner's to edit, and neither git nor a network need be
there: so the stubs as they were lie in course/grader/stubs.zip. It is made
of exercises/ by `python3 start.py prove --snapshot-update`.
"""

import os
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from course.folders import ROOT

ORIGINALS = Path(__file__).with_name("stubs.zip")
PATTERN = re.compile(r"test_(ex(\d+)_(\w+))\.py")
TITLE = re.compile(r'"""Exercise \d+: (.+?)\.?(?:""")?$', re.MULTILINE)


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
        text = original(self.name) or read(self.answer)
        found = TITLE.match(text.decode("utf-8", "replace"))
        title = found[1] if found else self.words.replace("_", " ")
        return f"{self.name[:4]} · {title[:1].upper()}{title[1:]}"


@dataclass(frozen=True)
class Course:
    """The folders that a learner's jobs read and write."""

    root: Path = ROOT
    originals: Path = ORIGINALS

    @property
    def exercises(self) -> Path:
        """The one folder that a learner edits."""
        return self.root / "exercises"

    @property
    def hints(self) -> Path:
        """Where the hints lie."""
        return self.exercises / "hints"

    @property
    def kept(self) -> Path:
        """Where dated copies go."""
        return self.root / "kept"

    @property
    def progress(self) -> Path:
        """The file that remembers what is done."""
        return self.root / "progress.json"

    def suites(self) -> list[Suite]:
        """List the exercises, in order."""
        return find(self.root / "checks", self.exercises)

    def suite(self, word: str) -> Suite:
        """Return the exercise of this number or name."""
        (found,) = choose(self.suites(), [word])
        return found

    def solution(self, suite: Suite) -> Path:
        """Return where the good answer lies."""
        return self.root / "solutions" / suite.answer.name

    def original(self, suite: Suite) -> bytes:
        """Return the stub as it was."""
        text = original(suite.name, self.originals)
        if not text:
            raise UsageError(
                f"The original of {suite.name} is not in {self.originals}. It"
                " belongs to the course: restore it from where you have the"
                " course from."
            )
        return text

    def is_untouched(self, suite: Suite) -> bool:
        """See whether the learner has written nothing yet."""
        stub = original(suite.name, self.originals)
        return read(suite.answer).splitlines() == stub.splitlines()

    def shown(self, file: Path) -> str:
        """Write a path as a learner would: from the root of the course."""
        return shown(file, self.root)


def original(name: str, file: Path = ORIGINALS) -> bytes:
    """Return the stub of ex08_rate_limit as it was; nothing if unknown."""
    try:
        with zipfile.ZipFile(file) as stubs:
            return stubs.read(f"{name}.py")
    except (OSError, KeyError, zipfile.BadZipFile):
        return b""


def read(file: Path) -> bytes:
    """Return what a file holds; nothing, if that cannot be had."""
    try:
        return file.read_bytes()
    except OSError:
        return b""


def shown(file: Path, folder: Path) -> str:
    """Write a path as seen from a folder, if it lies in there."""
    real = Path(os.path.realpath(file))  # a loop of links is no error here
    try:
        return real.relative_to(os.path.realpath(folder)).as_posix()
    except ValueError:
        return str(file)


def number_of(name: str) -> str:
    """Return the number of ex08_rate_limit, without zeros in front."""
    return str(int(name[2:].partition("_")[0]))


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
    chosen = [_named(suites, word) for word in words]
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
