"""The web application: python3 start.py stage 11."""

from stages.s06_at_work.app import create_app
from stages.s11_dbos.worker import DBOSQueue

app = create_app("Stage 11: DBOS", DBOSQueue())
