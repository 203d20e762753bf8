"""Stage 5 whose work takes no time, so that the rest of it can be measured.

The tenth of a second that `perform` sleeps would hide everything else. Its
name is replaced, not a dependency: with any override FastAPI plans each
request anew, and that would be measured instead.
"""

from sqlalchemy.orm import Session

from stages import s05_task_tracker as stage


def perform(session: Session, task_name: str) -> None:
    """Do nothing."""


stage.perform = perform
app = stage.app
