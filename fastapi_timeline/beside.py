"""Work that a request leaves to the event loop: asyncio.create_task.

A server goes on, and such work ends; a program that stops after one answer
would cancel it. So the command line waits for it.
"""

import asyncio
import contextlib
import sys
from typing import Any

from .watch import CURRENT


class Beside:
    """An ASGI application around a recorder; knows the loop they run in."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.loop: asyncio.AbstractEventLoop | None = None
        self.before: set[asyncio.Task[Any]] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve it."""
        if self.loop is None:
            self.loop = asyncio.get_running_loop()
        if scope["type"] != "lifespan" and not self.before:
            self.before = asyncio.all_tasks()
        await self.app(scope, receive, send)

    def wait(self, seconds: float) -> list[str]:
        """Wait for what requests left behind; name what does not end.

        Not for the loop that serves.
        """
        if self.loop is None:
            return []
        waiting = self._wait(seconds)
        try:
            future = asyncio.run_coroutine_threadsafe(waiting, self.loop)
            return future.result()
        finally:  # after a Ctrl-C the loop may have ended before it began
            with contextlib.suppress(RuntimeError, ValueError):
                waiting.close()

    async def _wait(self, seconds: float) -> list[str]:
        end = asyncio.get_running_loop().time() + seconds
        while tasks := self._left():
            rest = end - asyncio.get_running_loop().time()
            if rest <= 0:
                break
            await asyncio.wait(tasks, timeout=rest)
        return sorted(_name(task) for task in tasks)

    def _left(self) -> set[asyncio.Task[Any]]:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        if sys.version_info >= (3, 12):  # it says who started a task
            return {t for t in tasks if t.get_context().get(CURRENT)}
        return tasks - self.before


def _name(task: asyncio.Task[Any]) -> str:
    coroutine = task.get_coro()
    return getattr(coroutine, "__qualname__", None) or task.get_name()
