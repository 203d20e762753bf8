"""Stage 6: BackgroundTasks with a row that is enough to run the task."""

from course.labs.crash.effect import work
from stages.s06_survive_restart.app import app
from stages.s06_survive_restart.tasks import get_notification_task

__all__ = ["app"]

app.dependency_overrides[get_notification_task] = lambda: work
