"""Stage 9: Taskiq as it is set up here; as a program, its worker."""

from course.labs.crash.both import get_tasks as get_both
from stages.s06_survive_restart.tasks import get_tasks
from stages.s09_taskiq import worker
from stages.s09_taskiq.app import app

__all__ = ["app"]

# Its processes import this module too, by another name than "__main__".
overrides = worker.get_broker().dependency_overrides
overrides[get_tasks] = get_both

if __name__ == "__main__":
    worker.main()
