# Axis: a callable object as a provider, a partial as a task, settings asked for by hand, a row's whole content as the payload.

from functools import partial

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse


def run(
    new_session: sessionmaker[Session],
    work: Work,
    *,
    task: dict[str, object],
    tags: list[str],
) -> None:
    with new_session.begin() as db:
        log = db.get_one(TaskLog, task["id"])
        if log.completed_at is not None:
            return
        log.attempts += 1
    try:
        work(str(task["name"]))
    except BaseException as exc:
        with new_session.begin() as db:
            log = db.get_one(TaskLog, task["id"])
            log.error = f"{exc}"
            if log.attempts >= get_settings().max_attempts:
                log.status = "dead"
        raise
    with new_session.begin() as db:
        log = db.get_one(TaskLog, task["id"])
        log.status, log.completed_at = "completed", datetime.now(UTC)


class ProvideTasks:
    def __call__(self, new_session: SessionsDep, work: WorkDep) -> Tasks:
        return {"run": partial(run, new_session, work)}


get_tasks = ProvideTasks()


def deliver_queued(name: str, kwargs: dict[str, JsonValue]) -> None:
    factory = get_session_factory(get_settings())
    get_tasks(factory, get_work())[name](**kwargs)


async def get_runner(
    tasks: TasksDep, background: BackgroundTasks
) -> AsyncIterator[TaskRunner]:
    settings = get_settings()
    if settings.backend == "queue":
        yield OnQueue(settings)
    else:
        yield InProcess(settings, tasks, background)


@app.post("/run-task/{task_name}", status_code=202)
async def run_task(
    task_name: str, new_session: SessionsDep, runner: RunnerDep
) -> dict[str, int]:
    def write() -> int:
        with new_session() as db, db.begin():
            log = TaskLog(task_name=task_name)
            db.add(log)
            db.flush()
            return log.id

    log_id = await run_in_threadpool(write)
    payload = {"id": log_id, "name": task_name}
    await run_in_threadpool(runner.enqueue, "run", task=payload, tags=["a"])
    return {"id": log_id}


@app.exception_handler(BrokerGoneError)
async def no_queue(_: Request, exc: BrokerGoneError) -> JSONResponse:
    return JSONResponse({"detail": str(exc)}, 503, {"Retry-After": "3"})
