"""A real broker and a worker of the answer's, for checks that need them."""

import ast
import contextlib
import importlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from checks.asgi import Client
from course.broker import Broker
from course.processes import NoServerError, Program

ENDS = ("completed", "dead")
IN_TIME = 20.0  # seconds for a worker to start and to do its tasks


@contextlib.contextmanager
def a_broker(folder: Path) -> Iterator[str]:
    """Run one for this check; give its address."""
    broker = Broker(folder, append_only=False)
    try:
        broker.start()
    except NoServerError as error:
        pytest.skip(str(error))
    with contextlib.ExitStack() as stack:
        stack.push(broker.__exit__)
        yield broker.url


def import_clients(answer: ModuleType) -> None:
    """Import the modules that the answer imports only for a queue.

    On a machine that has too much to do, to import a queue's client may take
    longer than a request may: that is not the answer's fault.
    """
    text = Path(str(answer.__file__)).read_text("utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        for name in names:
            with contextlib.suppress(ImportError, ValueError):
                importlib.import_module(name)


class Worker:
    """The answer's `run_worker`, in a separate process."""

    def __init__(self, answer: ModuleType, log: Path) -> None:
        path = Path(str(answer.__file__)).resolve()
        code = (
            f"import sys; sys.path.insert(0, {str(path.parent)!r})\n"
            f"import {path.stem} as answer\n"
            "answer.run_worker()"
        )
        self.log = log
        with log.open("wb") as output:
            command = [sys.executable, "-c", code]
            self.program = Program(
                "The worker",
                command,
                settings={"PYTHONWARNINGS": "default"},  # no errors of ours
                output=output,
            )

    def wait_for_end(self, client: Client, task_id: Any) -> dict[str, Any]:
        """Return the task when it has come to an end, or time is up."""
        give_up = time.monotonic() + IN_TIME
        while True:
            response = client.get(f"/task-logs/{task_id}")
            assert response.status_code == 200
            task: dict[str, Any] = response.json()
            if task["status"] in ENDS or time.monotonic() > give_up:
                return task
            if not self.program.running:
                pytest.fail("run_worker has ended by itself.", pytrace=False)
            time.sleep(0.02)


@contextlib.contextmanager
def a_worker(answer: ModuleType, folder: Path) -> Iterator[Worker]:
    """Run the answer's worker, and end all its processes."""
    worker = Worker(answer, folder / "worker.log")
    try:
        yield worker
    finally:
        worker.program.kill()
        said = worker.log.read_text("utf-8", "replace").splitlines()
        print(*said[-12:], sep="\n")  # below a failure  # noqa: T201
