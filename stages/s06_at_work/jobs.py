"""What a worker runs: a task from its row, and the periodic jobs."""

from stages.s06_at_work.queue import Queue, publish_overdue
from stages.s06_at_work.report import start_report
from stages.s06_at_work.tasks import call, run_task


def run(log_id: int) -> None:
    call(run_task, log_id)


def outbox(queue: Queue) -> None:
    call(publish_overdue, queue)


def report(queue: Queue) -> None:
    call(start_report, queue)
