"""Stage 8: workers of their own run the tasks, with RQ."""

from stages.s06_survive_restart.app import create_app
from stages.s06_survive_restart.runner import Queue
from stages.s08_rq.worker import BrokerGone, publish

app = create_app(__doc__, Queue("rq", publish, BrokerGone, patience=5))
