"""Stage 7: workers of their own run the tasks, with Celery."""

from stages.s06_survive_restart.app import create_app
from stages.s06_survive_restart.runner import Queue
from stages.s07_celery.worker import BrokerGone, publish

app = create_app(__doc__, Queue("celery", publish, BrokerGone, patience=5))
