"""Which endpoints are measured, by which bare ones, and to what end."""

from dataclasses import dataclass

NOTIFY = "/send-notification/ada@example.com"
RUN = "/run-task/report"
BARE = "course.labs.bare:"


@dataclass(frozen=True)
class Trial:
    """One endpoint, and the two bare ones that it is measured by."""

    name: str
    app: str
    alike: str  # with as many `def` dependencies and log lines
    alone: str  # the same work without any dependency
    goal: float | None  # what the ratio to `alike` should be at least
    path: str = NOTIFY
    clients: int = 2

    @property
    def apps(self) -> list[str]:
        """The applications to serve for it, each once."""
        return list(dict.fromkeys([self.app, self.alike, self.alone]))


TRIALS = [
    Trial(
        "a bare endpoint again",
        BARE + "notify_again",
        BARE + "notify_0",
        BARE + "notify_0",
        None,
    ),
    Trial(
        "stage 1",
        "stages.s01_background_tasks:app",
        BARE + "notify_0",
        BARE + "notify_0",
        0.95,
    ),
    Trial(
        "stage 2",
        "stages.s02_task_dependency:app",
        BARE + "notify_1",
        BARE + "notify_0",
        0.95,
    ),
    Trial(
        "stage 3",
        "stages.s03_chained_dependencies:app",
        BARE + "notify_log_2",
        BARE + "notify_log_0",
        0.95,
    ),
    Trial(
        "stage 3, providers async def",
        BARE + "notify_async",
        BARE + "notify_log_2",
        BARE + "notify_log_0",
        None,
    ),
    Trial(
        "stage 5 to SQL by hand",
        "course.labs.at_once:app",
        BARE + "sql_4",
        BARE + "sql_0",
        0.9,
        RUN,
        clients=1,  # two would only wait for each other's lock
    ),
    Trial(
        "stage 5 to the same ORM calls",
        "course.labs.at_once:app",
        BARE + "orm_4",
        BARE + "orm_0",
        None,
        RUN,
        clients=1,
    ),
]
NOTES = """\
1.00 is as fast as the bare endpoint; in brackets, between which ratios half \
of the rounds lay. The first row shows how much of it is noise; where noise could \
decide about a goal, a quieter moment or more --rounds will.
A def provider costs a call in a worker thread, an async def one does not: \
that is the difference between the two columns.
Stage 5 is measured with SQLite, one request at a time, without the tenth of \
a second its work sleeps. What is missing to SQL by hand is what SQLAlchemy's \
ORM takes; the slower the disk, the less it shows.
Stage 4 is left out: its notifications are stage 3's, and its e-mail takes \
as long as the mail server does."""
