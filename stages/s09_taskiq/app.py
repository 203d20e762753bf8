"""The web application: python3 start.py stage 9."""

from stages.s06_at_work.app import create_app
from stages.s09_taskiq.worker import TaskiqQueue

app = create_app("Stage 9: separate workers, with Taskiq", TaskiqQueue())
