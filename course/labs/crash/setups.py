"""What is tried: each engine as installed, and as its stage sets it up."""

import sys
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from course.folders import ROOT

HERE = "course.labs.crash"
PYTHON = (sys.executable, "-m")
Kill: TypeAlias = Literal[
    "worker", "web", "broker", "broker without file", "database", "gap"
]
# A setting of the stages, shortened so that a run takes minutes, not hours.
SHORTENED = {
    "TASK_TIME_LIMIT": "10",
    "TASK_LONGEST_PAUSE": "5",
    "TASK_PUBLISH_AFTER": "3",
    "TASK_LOST_AFTER": "60",
}


@dataclass(frozen=True)
class Setup:
    """An application, and what runs its tasks."""

    engine: str
    setup: str  # installed, or course
    app: str
    task: float  # seconds that each takes, so that all take five to thirty
    # What runs its tasks; if nothing stands here, the application does.
    worker: tuple[str, ...] = ()
    scheduler: tuple[str, ...] = ()
    stage: str = ""
    valkey: bool = False
    postgresql: bool = False
    embedded: bool = False  # on SQLite the application runs the tasks itself
    # Seconds without an effect, after which the rest is lost although the
    # engine still holds it.
    wait: float = 60

    @property
    def name(self) -> str:
        """How it is called where both setups of an engine stand."""
        return f"{self.engine} · {self.setup}"

    def within(self, wait: float | None) -> "Setup":
        """Return it with another wait, if there is one."""
        return self if wait is None else replace(self, wait=wait)

    def kills(self) -> list[Kill]:
        """Return what can be killed here."""
        found: list[Kill] = ["worker", "web"]
        if self.valkey:
            found += ["broker", "broker without file"]
        if self.postgresql or self.stage:
            found.append("database")
        if self.stage and self.valkey:  # elsewhere the commit publishes
            found.append("gap")
        return found


def staged(  # noqa: PLR0913 (a line for each stage)
    engine: str,
    stage: str,
    task: float,
    *,
    worker: bool = True,
    valkey: bool = False,
    postgresql: bool = False,
    embedded: bool = False,
) -> Setup:
    """Return how a stage sets an engine up."""
    program = (*PYTHON, f"{HERE}.staged")
    return Setup(
        engine,
        "course",
        f"{HERE}.staged",
        task,
        worker=program if worker else (),
        # Engines with a broker have a scheduler; the others need none.
        scheduler=(*program, "scheduler") if valkey else (),
        stage=stage,
        valkey=valkey,
        postgresql=postgresql,
        embedded=embedded,
        wait=120,
    )


CELERY = (*PYTHON, "celery", "-A", f"{HERE}.installed_celery:queue", "worker")
RQ = (*PYTHON, "rq.cli", "worker", "--url", "{url}")
TASKIQ = (*PYTHON, "taskiq", "worker", f"{HERE}.installed_taskiq:broker")
PROCRASTINATE = (
    *(*PYTHON, "procrastinate", "--app"),
    *(f"{HERE}.installed_procrastinate.queue", "worker"),
)
INSTALLED = [
    Setup("BackgroundTasks", "installed", f"{HERE}.installed_background", 1.5),
    Setup(
        *("Celery", "installed", f"{HERE}.installed_celery", 0.05, CELERY),
        valkey=True,
    ),
    Setup(*("RQ", "installed", f"{HERE}.installed_rq", 0.1, RQ), valkey=True),
    Setup(
        *("Taskiq", "installed", f"{HERE}.installed_taskiq", 0.3, TASKIQ),
        valkey=True,
    ),
    Setup(
        *("Procrastinate", "installed", f"{HERE}.installed_procrastinate"),
        *(0.1, PROCRASTINATE),
        postgresql=True,
    ),
    Setup("DBOS", "installed", f"{HERE}.installed_dbos", 1.5),
]
COURSE = [
    staged("BackgroundTasks", "s06_at_work", 1.5, worker=False),
    staged("Celery", "s07_celery", 0.05, valkey=True),
    staged("RQ", "s08_rq", 0.1, valkey=True),
    staged("Taskiq", "s09_taskiq", 0.1, valkey=True),
    staged("Procrastinate", "s10_procrastinate", 0.3, postgresql=True),
    staged("DBOS", "s11_dbos", 0.3, embedded=True),
]
ALL = [
    setup
    for pair in zip(INSTALLED, COURSE, strict=True)
    for setup in pair
    if not setup.stage or (ROOT / "stages" / setup.stage).exists()
]
ENGINES = list(dict.fromkeys(setup.engine for setup in ALL))
