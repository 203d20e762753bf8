"""What is tried: each engine as installed, and as the stages set it up."""

import importlib.util
import sys
from dataclasses import dataclass, replace

HERE = "course.labs.crash"
PYTHON = (sys.executable, "-m")
CELERY = f"{HERE}.installed_celery:queue"
TASKIQ = f"{HERE}.installed_taskiq:broker"


@dataclass(frozen=True)
class Setup:
    """An application, and what runs its tasks."""

    engine: str
    setup: str  # installed, or course
    app: str
    task: float  # seconds that each takes, so that all take five to thirty
    wait: float  # seconds without a line, after which the rest is lost
    # What runs its tasks; if nothing stands here, the application does.
    worker: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How it is called where both setups of an engine stand."""
        return f"{self.engine} · {self.setup}"

    def within(self, wait: float | None) -> "Setup":
        """Return it with another wait, if there is one."""
        return self if wait is None else replace(self, wait=wait)


INSTALLED = [
    Setup(
        *("BackgroundTasks", "installed", f"{HERE}.installed_background"),
        *(1.5, 10),  # forty at a time; nothing will bring a task back
    ),
    Setup(
        *("Celery", "installed", f"{HERE}.installed_celery", 0.05, 60),
        (*PYTHON, "celery", "-A", CELERY, "worker"),
    ),
    Setup(
        *("RQ", "installed", f"{HERE}.installed_rq", 0.1, 60),
        (*PYTHON, "rq.cli", "worker", "--url", "{url}"),
    ),
    Setup(
        *("Taskiq", "installed", f"{HERE}.installed_taskiq", 0.3, 60),
        (*PYTHON, "taskiq", "worker", TASKIQ),
    ),
]


def course(engine: str, name: str, task: float) -> Setup:
    """Return how a stage sets an engine up; its worker is our module."""
    module = f"{HERE}.course_{name}"
    worker = () if engine == "BackgroundTasks" else (*PYTHON, module)
    return Setup(engine, "course", module, task, 60, worker)


COURSE = [
    course("BackgroundTasks", "background", 1.5),
    course("Celery", "celery", 0.05),
    course("RQ", "rq", 0.1),
    course("Taskiq", "taskiq", 0.3),
]
ALL = [
    setup
    for pair in zip(INSTALLED, COURSE, strict=True)
    for setup in pair
    if importlib.util.find_spec(setup.app)
]
ENGINES = list(dict.fromkeys(setup.engine for setup in ALL))
