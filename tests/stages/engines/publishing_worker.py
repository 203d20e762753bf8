"""A stage's worker, whose task "first" enqueues another one.

python -m tests.stages.engines.publishing_worker s07_celery
"""

import sys
from importlib import import_module

from sqlalchemy.orm import Session

from stages.s06_at_work.database import TaskLog
from stages.s06_at_work.payloads import Work
from stages.s06_at_work.queue import Queue, enqueue
from stages.s06_at_work.tasks import Tasks, get_tasks, overrides

QUEUES = {
    "s07_celery": "CeleryQueue",
    "s08_rq": "RQQueue",
    "s09_taskiq": "TaskiqQueue",
    "s10_procrastinate": "ProcrastinateQueue",
    "s11_dbos": "DBOSQueue",
}
stage = sys.argv[1]
worker = import_module(f"stages.{stage}.worker")
queue: Queue = getattr(worker, QUEUES[stage])()


def work(session: Session, payload: Work) -> None:
    """Enqueue a second task with the session that the task was given."""
    if payload.task_name == "first":
        second = Work(task_name="second").model_dump()
        log = TaskLog(kind="run-task", task_name="second", payload=second)
        enqueue(session, queue, log)


def get_one_task() -> Tasks:
    """Take the place of the stage's tasks."""
    return {"run-task": work}


overrides[get_tasks] = get_one_task
if __name__ == "__main__":  # not in a process that an engine has started
    worker.main()
