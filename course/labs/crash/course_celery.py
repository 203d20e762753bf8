"""Stage 7: Celery as it is set up here; as a program, its worker."""

from course.labs.crash.both import get_tasks as get_both
from stages.s06_survive_restart.tasks import get_tasks
from stages.s07_celery import worker
from stages.s07_celery.app import app

__all__ = ["app"]

worker.overrides[get_tasks] = get_both

if __name__ == "__main__":
    worker.main()
