# The factory of sessions is made by the lifespan, and lies in app.state.
# fails: test_a_worker_needs_no_application

from fastapi import Request


def get_tasks(settings: SettingsDep, request: Request, work: WorkDep) -> Tasks:
    new_session = request.app.state.new_session

    def deliver(log_id: int) -> None:
        with new_session.begin() as db:
            log = db.get_one(TaskLog, log_id)
            if log.status in ("completed", "dead"):
                return
            log.status = "started"
            log.attempts += 1
        try:
            work(log.task_name)
        except Exception as exc:
            last = log.attempts >= settings.max_attempts
            end(new_session, log_id, "dead" if last else "failed", exc)
            raise
        end(new_session, log_id, "completed")

    return {"run-task": deliver}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.new_session = get_session_factory(get_settings())
    with app.state.new_session.begin() as db:
        Base.metadata.create_all(db.connection())
    yield
