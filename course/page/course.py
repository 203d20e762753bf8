"""What the page shows: the stages, mounted, and the mailbox beside them."""

from dataclasses import dataclass

from course.mailbox import Mailbox
from course.page import code
from course.page.mounted import Mounted
from course.stage import Stage, earlier


@dataclass(frozen=True)
class Course:
    """All that a view may ask for."""

    stages: dict[int, Stage]  # by number, in order
    mounted: dict[int, Mounted]  # those that need no worker
    mailbox: Mailbox | None

    def earlier(self, stage: Stage) -> Stage | None:
        """Return the stage that one is compared with."""
        return earlier(stage, [*self.stages.values()])

    def news(self, stage: Stage) -> code.Diff | None:
        """Return what a stage adds to the one before; None for the first."""
        if stage.number - 1 not in self.stages:
            return None
        before = self.earlier(stage)
        return code.between(before.source if before else "", stage.source)
