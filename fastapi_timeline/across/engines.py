"""How each engine is followed: one function for each, none imported here.

A function is called when its engine has been imported by the process itself.
"""

import functools
import re
from functools import partial
from time import perf_counter_ns
from typing import Any
from weakref import WeakKeyDictionary

from .following import Follower, Run, between, safely

INSERT = re.compile(r"\s*INSERT\s+INTO\s+([\w.\"`]+)", re.IGNORECASE)


def celery(follower: Follower) -> None:
    """Follow Celery by its signals, of which it has one for each moment."""
    from celery import signals  # noqa: PLC0415

    runs: dict[str, Run | None] = {}
    errors: dict[str, object] = {}
    stopped: dict[str, int] = {}

    def sending(headers: Any = None, **_: Any) -> None:
        # Nothing tells that it fails: until it is accepted, it has.
        about = ("Celery", headers["id"], headers["task"])
        at = perf_counter_ns()
        follower.published(at, *about, error="not accepted")
        if headers["id"] in runs:  # it has failed, and publishes itself
            stopped[headers["id"]] = at

    def sent(headers: Any = None, **_: Any) -> None:
        task = f"Celery {headers['id']}"
        follower.journal.write(perf_counter_ns(), "accepted", task=task)

    def began(task_id: str, task: Any, **_: Any) -> None:
        runs[task_id] = follower.began("Celery", task_id, task.name)

    def again(request: Any, reason: Any, **_: Any) -> None:
        errors[request.id] = getattr(reason, "exc", None) or reason

    def failed(task_id: str, exception: Any, **_: Any) -> None:
        errors[task_id] = exception

    def ended(task_id: str, **_: Any) -> None:
        error, at = errors.pop(task_id, None), stopped.pop(task_id, 0)
        follower.ended(runs.pop(task_id, None), error, at)

    hooks: list[tuple[Any, Any]] = [
        (signals.before_task_publish, sending),
        (signals.after_task_publish, sent),
        (signals.task_prerun, began),
        (signals.task_retry, again),
        (signals.task_failure, failed),
        (signals.task_postrun, ended),
    ]
    for signal, take in hooks:
        receive = partial(safely, take)
        signal.connect(receive, weak=False)
        follower.undo.append(partial(signal.disconnect, receive))


def rq(follower: Follower) -> None:
    """Follow RQ by three of its public methods: it has no such signals."""
    from rq.job import Job  # noqa: PLC0415
    from rq.queue import Queue  # noqa: PLC0415

    def sending(_: Any, job: Any, *__: Any, **___: Any) -> Any:
        return perf_counter_ns(), "RQ", job.id, job.func_name

    def sent(state: Any, _: Any, error: Any) -> None:
        follower.published(*state, error=named(error))

    def again(job: Any, *_: Any, **__: Any) -> Any:
        return perf_counter_ns(), "RQ", job.id, job.func_name

    def many(_: Any, *__: Any, **___: Any) -> int:
        return perf_counter_ns()

    def sent_many(at: int, jobs: Any, _: Any) -> None:
        for job in jobs or ():
            follower.published(at, "RQ", job.id, job.func_name)

    def began(job: Any) -> Run | None:
        return follower.began("RQ", job.id, job.func_name)

    def ended(run: Any, _: Any, error: Any) -> None:
        follower.ended(run, error)

    follower.wrap(Queue, "enqueue_job", sending, sent)
    follower.wrap(Queue, "schedule_job", sending, sent)
    follower.wrap(Queue, "enqueue_many", many, sent_many)
    follower.wrap(Job, "retry", again, sent)
    follower.wrap(Job, "perform", began, ended)


# Taskiq's middlewares would be in a list that the application sees, and could
# not be added to a broker that is made already.


def taskiq_sender(follower: Follower) -> None:
    """Follow what Taskiq sends, and what it is to send later."""
    from taskiq.kicker import AsyncKicker  # noqa: PLC0415

    def sending(kicker: Any, *_: Any, **__: Any) -> Any:
        return perf_counter_ns(), kicker.task_name, kicker.custom_task_id

    def sent(state: Any, made: Any, error: Any) -> None:
        at, name, ident = state  # what is to be sent later has no ID yet
        for about in ("task_id", "schedule_id"):
            ident = ident or getattr(made, about, None)
        follower.published(at, "Taskiq", ident, name, error=named(error))

    for way in ("kiq", "schedule_by_time", "schedule_by_interval"):
        follower.wrap(AsyncKicker, way, sending, sent)


def taskiq_worker(follower: Follower) -> None:
    """Follow the function itself that a worker of Taskiq runs.

    Around it a retry is sent, and then the exception is hidden.
    """
    from taskiq.receiver.receiver import Receiver  # noqa: PLC0415

    run_task = Receiver.run_task

    def watched(target: Any, message: Any) -> Any:
        schedule = message.labels.get("schedule_id")
        alias = {"alias": f"Taskiq {schedule}"} if schedule else {}
        about = ("Taskiq", message.task_id, message.task_name)

        def began(*_: Any, **__: Any) -> Run | None:
            return follower.began(*about, **alias)

        return between(target, began, lambda run, _, e: follower.ended(run, e))

    @functools.wraps(run_task)
    async def run(
        receiver: Any, target: Any, message: Any, *args: Any, **kwargs: Any
    ) -> Any:
        if not receiver.is_process_pool:  # it would have to be pickled
            target = safely(watched, target, message) or target
        return await run_task(receiver, target, message, *args, **kwargs)

    follower.replace(Receiver, "run_task", run)


def procrastinate_jobs(follower: Follower) -> None:
    """Follow where Procrastinate inserts jobs, and puts them back."""
    from procrastinate.manager import JobManager  # noqa: PLC0415

    def sending(_: Any, jobs: Any, *__: Any, **___: Any) -> Any:
        return perf_counter_ns(), jobs

    def sent(state: Any, made: Any, error: Any) -> None:
        at, jobs = state
        for job in made or jobs:
            about = ("Procrastinate", job.id, job.task_name)
            follower.published(at, *about, error=named(error))

    def again(_: Any, job: Any, *__: Any, **___: Any) -> Any:
        return perf_counter_ns(), [job]

    follower.wrap(JobManager, "batch_defer_jobs", sending, sent)
    follower.wrap(JobManager, "batch_defer_jobs_async", sending, sent)
    follower.wrap(JobManager, "retry_job", again, sent)


def procrastinate_worker(follower: Follower) -> None:
    """Follow a worker by a middleware around all others that it has."""
    from procrastinate.worker import Worker  # noqa: PLC0415

    async def middleware(call_next: Any, context: Any, _: Any) -> Any:
        job = context.job
        run = safely(follower.began, "Procrastinate", job.id, job.task_name)
        try:
            result = await call_next()
        except BaseException as exc:
            safely(follower.ended, run, exc)
            raise
        safely(follower.ended, run)
        return result

    def made(worker: Any, *_: Any, **__: Any) -> Any:
        return worker

    def add(worker: Any, _: Any, error: Any) -> None:
        if error is None:
            others = worker.worker_middleware
            worker.worker_middleware = [middleware, *others]

    follower.wrap(Worker, "__init__", made, add)


def dbos(follower: Follower) -> None:
    """Follow DBOS where it keeps a workflow and where it runs one.

    It has no hook for either, and these places are private.
    """
    from dbos import _core  # noqa: PLC0415
    from dbos._schemas.system_database import SystemSchema  # noqa: PLC0415
    from dbos._sys_db import SystemDatabase  # noqa: PLC0415

    def sending(_: Any, status: Any, *__: Any, **___: Any) -> Any:
        ident, name = status["workflow_uuid"], status["name"]
        return perf_counter_ns(), "DBOS", ident, name

    def sent(state: Any, _: Any, error: Any) -> None:
        follower.published(*state, error=named(error))

    for way in ("workflow", "child_workflow", "workflow_with_connection"):
        follower.wrap(SystemDatabase, f"init_{way}", sending, sent)

    def began(_: Any, status: Any, *__: Any, **___: Any) -> Run | None:
        return follower.began("DBOS", status["workflow_uuid"], status["name"])

    def ended(run: Any, _: Any, error: Any) -> None:
        follower.ended(run, error)

    follower.tables |= {
        t.name for t in SystemSchema.metadata_obj.sorted_tables
    }
    follower.wrap(_core, "_execute_workflow_async", began, ended)
    follower.wrap(_core, "_execute_workflow_wthread", began, ended)


def sqlalchemy(follower: Follower) -> None:
    """Note the rows that a request adds: when, and when they were there."""
    from sqlalchemy import event  # noqa: PLC0415
    from sqlalchemy.engine import Engine  # noqa: PLC0415

    added: WeakKeyDictionary[Any, dict[str, int]] = WeakKeyDictionary()

    def executed(connection: Any, statement: str) -> None:
        found = INSERT.match(statement)
        name = found[1].replace('"', "").split(".")[-1] if found else ""
        if name and name not in follower.tables and follower.request():
            rows = added.setdefault(connection, {})
            rows.setdefault(name, perf_counter_ns())

    def over(connection: Any, error: str) -> None:
        for name, at in added.pop(connection, {}).items():
            request, done = follower.request(), perf_counter_ns()
            about = {"name": name, "request": request, "error": error}
            follower.journal.write(at, "row", done=done, **about)

    def cursor(
        conn: Any, _: Any, statement: str, __: Any, ___: Any, ____: Any
    ) -> None:
        safely(executed, conn, statement)

    hooks: list[tuple[str, Any]] = [
        ("after_cursor_execute", cursor),
        ("commit", lambda conn: safely(over, conn, "")),
        ("rollback", lambda conn: safely(over, conn, "rolled back")),
    ]
    for name, take in hooks:
        event.listen(Engine, name, take)
        follower.undo.append(partial(event.remove, Engine, name, take))


def named(error: BaseException | None) -> str:
    """Name an exception, "" for none."""
    return type(error).__name__ if error is not None else ""
