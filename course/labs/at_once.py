"""Stage 5 whose work takes no time, so that the rest of it can be measured.

The tenth of a second that `do_work` sleeps would hide everything else. Its
name is replaced, not a dependency: with any override FastAPI plans each
request anew, and that would be measured instead.
"""

from stages import s05_task_tracker as stage


def do_work(task_name: str) -> None:
    """Do nothing."""


stage.do_work = do_work
app = stage.app
