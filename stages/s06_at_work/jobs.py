"""What a worker runs: a task from its row, and the periodic jobs."""

from stages.s06_at_work.database import SessionDep, TaskLog
from stages.s06_at_work.payloads import Work
from stages.s06_at_work.queue import Queue, enqueue, publish_overdue
from stages.s06_at_work.tasks import call, run_task


def run(log_id: int) -> None:
    call(run_task, log_id)


def outbox(queue: Queue) -> None:
    call(publish_overdue, queue)


def report(queue: Queue) -> None:
    call(start_report, queue)


def start_report(queue: Queue, session: SessionDep) -> None:
    """Enqueue the daily report: a task like any other."""
    payload = Work(task_name="daily report").model_dump()
    log = TaskLog(kind="run-task", task_name="daily report", payload=payload)
    enqueue(session, queue, log)
