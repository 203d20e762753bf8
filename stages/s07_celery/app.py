"""The web application: python3 start.py stage 7."""

from stages.s06_at_work.app import create_app
from stages.s07_celery.worker import CeleryQueue

app = create_app("Stage 7: Celery", CeleryQueue())
