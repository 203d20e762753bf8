"""BackgroundTasks as in stage 5: only what a notification does is ours."""

import os

from course.labs.crash.effect import work
from stages.s05_task_tracker import app, get_notification_task

os.environ.pop("DATABASE_URL", None)  # stage 5 takes no empty one
app.dependency_overrides[get_notification_task] = lambda: work
