"""The web application: python3 start.py stage 10."""

from stages.s06_at_work.app import create_app
from stages.s10_procrastinate.worker import ProcrastinateQueue

app = create_app("Stage 10: Procrastinate", ProcrastinateQueue())
