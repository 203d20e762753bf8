"""Stage 6: BackgroundTasks with a row that is enough to run the task."""

from course.labs.crash.both import get_tasks as get_both
from stages.s06_survive_restart.app import app
from stages.s06_survive_restart.tasks import get_tasks

__all__ = ["app"]

app.dependency_overrides[get_tasks] = get_both
