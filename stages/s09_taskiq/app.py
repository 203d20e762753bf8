"""Stage 9: workers of their own run the tasks, with Taskiq."""

from stages.s06_survive_restart.app import create_app
from stages.s06_survive_restart.runner import Queue
from stages.s09_taskiq.worker import BrokerGone, close, publish

app = create_app(__doc__, Queue("taskiq", publish, BrokerGone, close=close))
