"""The daily report is a task like any other: a row, then a message."""

from stages.s06_at_work.database import SessionDep, TaskLog
from stages.s06_at_work.payloads import Work
from stages.s06_at_work.queue import Queue, enqueue


def start_report(queue: Queue, session: SessionDep) -> None:
    payload = Work(task_name="daily report").model_dump()
    log = TaskLog(kind="run-task", task_name="daily report", payload=payload)
    enqueue(session, queue, log)
