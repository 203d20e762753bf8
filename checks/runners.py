"""A check's own runner, process and database, which run a task.

A check has no queue. Its runner delivers at once, as a very fast worker
would. In place of another process it uses the answer, imported again, which
knows nothing but the database.
"""

import asyncio
import contextlib
import inspect
import json
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest
import sqlalchemy as sa
from fastapi import Depends, FastAPI

from checks.answers import imported
from checks.asgi import Client

HOLD = 5.0  # seconds that a delivery may take


class Work:
    """Replaces the work of a task.

    Each call leaves the task's name in `names`. It calls `meanwhile`, then
    it raises the next of `raises`; when all are used up, it succeeds.
    """

    def __init__(
        self,
        *raises: Exception | None,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> None:
        self.names: list[str] = []
        self.raises = list(raises)
        self.meanwhile = meanwhile

    def __call__(self, task_name: str) -> None:
        """Remember the call, and do as was said."""
        self.names.append(task_name)
        self.meanwhile()
        failure = self.raises.pop(0) if self.raises else None
        if failure is not None:
            raise failure


class Runner:
    """Replaces the TaskRunner: delivers never, once or twice.

    `enqueued` has the name and the kwargs of each call, `raised` what each
    delivery raised, or None. `first` is called when something is enqueued,
    before it is delivered.
    """

    def __init__(
        self, deliveries: int, first: Callable[[], object] = lambda: None
    ) -> None:
        self.deliveries, self.first = deliveries, first
        self.enqueued: list[tuple[str, dict[str, Any]]] = []
        self.raised: list[BaseException | None] = []

    def replace_that_of(self, answer: ModuleType) -> None:
        """Make the application use this runner, with its own tasks."""

        def get_runner(
            tasks: Annotated[Any, Depends(answer.get_tasks)],
        ) -> Any:
            return _WithTasks(self, tasks)

        answer.app.dependency_overrides[answer.get_runner] = get_runner


class _WithTasks:
    """A runner with the tasks of one request."""

    def __init__(self, runner: Runner, tasks: Any) -> None:
        self.runner, self.tasks = runner, tasks

    def enqueue(self, name: str, /, **kwargs: Any) -> str:
        """Remember it, then deliver as often as was said."""
        self.runner.enqueued.append((name, kwargs))
        self.runner.first()
        for _ in range(self.runner.deliveries):
            self.runner.raised.append(deliver(self.tasks, name, kwargs))
        return f"queued-{len(self.runner.enqueued)}"  # no id of a row


def deliver(
    tasks: Any, name: str, kwargs: Mapping[str, Any]
) -> BaseException | None:
    """Do one delivery in a thread, as a worker would; return what it raised.

    A task may be `def` or `async def`.
    """
    raised: list[BaseException] = []

    async def wait_for(result: Awaitable[object]) -> None:
        await result

    def run() -> None:
        try:
            result = tasks[name](**kwargs)
            if inspect.isawaitable(result):
                asyncio.run(wait_for(result))
        except BaseException as exc:  # noqa: BLE001 (a worker takes them all)
            raised.append(exc)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(HOLD)
    if thread.is_alive():
        pytest.fail(f"A delivery did not end within {HOLD:g} s.")
    return raised[0] if raised else None


class Process:
    """Another process, as far as the answer can tell.

    Its module is imported anew and its application was never started: what
    it knows it has from the settings and from the database.
    """

    def __init__(self, module: ModuleType, work: Work) -> None:
        self.app = FastAPI()  # resolves the dependencies; not the answer's
        self.app.dependency_overrides[module.get_work] = lambda: work
        self.raised: list[BaseException | None] = []
        self.waiting: tuple[str, dict[str, Any]] = ("", {})

        @self.app.post("/")
        def deliver_it(
            tasks: Annotated[Any, Depends(module.get_tasks)],
        ) -> None:
            self.raised.append(deliver(tasks, *self.waiting))

    def deliver(self, name: str, kwargs: dict[str, Any]) -> None:
        """Do one delivery of what came as JSON; `raised` says how it went."""
        try:
            self.waiting = (name, json.loads(json.dumps(kwargs)))
        except (TypeError, ValueError) as exc:
            pytest.fail(f"{kwargs} can't reach another process: {exc}")
        with Client(self.app) as client:
            client.post("/")
            client.finish()
            if client.errors:
                pytest.fail(
                    "get_tasks can't be used where the application was not"
                    f" started, as in a worker: {client.errors[-1]!r}"
                )

    def taken(self) -> set[str]:
        """Name the parameters of get_tasks that only a request has."""
        found, left = set(), [self.app.routes[-1].dependant]  # type: ignore[attr-defined]
        while left:
            each = left.pop()
            left += each.dependencies
            if getattr(each, "request_param_name", None):
                found.add("Request")
            if getattr(each, "background_tasks_param_name", None):
                found.add("BackgroundTasks")
        return found


@contextlib.contextmanager
def another_process(answer: ModuleType, work: Work) -> Iterator[Process]:
    """Give another process, with the environment as it is now."""
    with imported(Path(str(answer.__file__))) as module:
        yield Process(module, work)


class Database:
    """The answer's table, in a file of this check's own."""

    def __init__(self, path: Path, answer: ModuleType) -> None:
        self.path, self.url = path, f"sqlite:///{path}"
        self.base, self.model = answer.Base, answer.TaskLog

    def make_table(self) -> None:
        """Make it, whether or not the application does."""
        with self._connected() as connection:
            self.base.metadata.create_all(connection)
            connection.commit()

    def rows(self) -> list[Any]:
        """Read the rows that everybody can see: the committed ones."""
        model = self.model
        query = sa.select(model.id, model.task_name, model.status)
        with self._connected() as connection:
            return list(connection.execute(query))

    def copy_to(self, other: "Database") -> None:
        """Copy it as it is on disk, as after a kill."""
        with (
            contextlib.closing(sqlite3.connect(self.path)) as now,
            contextlib.closing(sqlite3.connect(other.path)) as then,
        ):
            now.backup(then)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        engine = sa.create_engine(self.url)
        with engine.connect() as connection:
            yield connection
        engine.dispose()
