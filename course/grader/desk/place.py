"""Where each thing of a learner lies, and which exercise is meant."""

from dataclasses import dataclass
from pathlib import Path

from course.folders import ROOT
from course.grader.exercises import (
    ORIGINALS,
    Suite,
    UsageError,
    choose,
    find,
)


@dataclass(frozen=True)
class Desk:
    """The rooms that a learner's sessions read and write."""

    root: Path = ROOT
    originals: Path = ORIGINALS

    @property
    def exercises(self) -> Path:
        """The one room that a learner edits."""
        return self.root / "exercises"

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
        file = self.originals / f"{suite.name}.txt"
        try:
            return file.read_bytes()
        except OSError as error:
            raise UsageError(
                f"The original of {suite.name} cannot be read"
                f" ({error.strerror}: {file}). It belongs to the course:"
                " restore it from where you have the course from."
            ) from None

    def shown(self, file: Path) -> str:
        """Write a path as a learner would: from the root of the course."""
        try:
            return file.relative_to(self.root).as_posix()
        except ValueError:
            return str(file)
