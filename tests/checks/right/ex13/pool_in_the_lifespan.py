# Axis: this process works in a pool of threads that the lifespan makes and app.state holds; get_runner asks for the request.

import time
from concurrent.futures import Executor, ThreadPoolExecutor

from fastapi import Request


class InProcess:
    def __init__(
        self, settings: Settings, tasks: Tasks, pool: Executor
    ) -> None:
        self.settings, self.tasks, self.pool = settings, tasks, pool

    def enqueue(self, name: str, /, **kwargs: JsonValue) -> str:
        self.pool.submit(self.deliver, name, kwargs)
        return uuid4().hex

    def deliver(self, name: str, kwargs: dict[str, JsonValue]) -> None:
        left = self.settings.max_attempts
        while left > 0:
            try:
                self.tasks[name](**kwargs)
            except Exception as exc:
                print(f"failed: {exc}")
                time.sleep(self.settings.retry_delay)
                left -= 1
            else:
                left = 0


def get_runner(
    settings: SettingsDep, tasks: TasksDep, request: Request
) -> TaskRunner:
    if settings.backend == "queue":
        return OnQueue(settings)
    return InProcess(settings, tasks, request.app.state.pool)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    with get_session_factory(get_settings()).begin() as db:
        Base.metadata.create_all(db.connection())
    with ThreadPoolExecutor(4) as pool:
        app.state.pool = pool
        yield
