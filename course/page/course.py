"""What the page shows: the stages, mounted, and the mailbox beside them."""

from dataclasses import dataclass

from course.mailbox import Mailbox
from course.page import code
from course.page.mounted import Mounted


@dataclass(frozen=True)
class Course:
    """All that a view may ask for."""

    mounted: dict[int, Mounted]  # by the stage's number, in order
    mailbox: Mailbox | None

    def news(self, number: int) -> code.Diff | None:
        """Return what a stage adds to the one before; None for the first."""
        earlier = self.mounted.get(number - 1)
        if earlier is None:
            return None
        source = self.mounted[number].stage.source
        return code.between(earlier.stage.source, source)
