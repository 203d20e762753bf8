"""The web application: python3 start.py stage 8."""

from stages.s06_at_work.app import create_app
from stages.s08_rq.worker import RQQueue

app = create_app("Stage 8: separate workers, with RQ", RQQueue())
