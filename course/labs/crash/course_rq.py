"""Stage 8: RQ as it is set up here; as a program, its worker."""

from course.labs.crash.both import get_tasks as get_both
from stages.s06_survive_restart.tasks import get_tasks
from stages.s08_rq import worker
from stages.s08_rq.app import app

__all__ = ["app"]

worker.overrides[get_tasks] = get_both

if __name__ == "__main__":
    worker.main()
