"""Say in which line of an answer a request stands that does not go on."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any


def lines(file: str, tasks: set[asyncio.Task[object]]) -> list[str]:
    """Name each line of the file where a thread or a task stands."""
    threads = sys._current_frames().values()  # noqa: SLF001 (no public way)
    at = {_own_line(frame, file) for frame in (*threads, *_waiting(tasks))}
    return [f"{Path(file).name}:{line}" for line in sorted(at) if line]


def _waiting(tasks: set[asyncio.Task[object]]) -> Iterator[FrameType]:
    """Give the innermost frame of each task that awaits something."""
    for task in tasks:
        inner: Any = task.get_coro()
        frame = None
        while inner is not None:
            frame = getattr(inner, "cr_frame", None) or frame
            frame = getattr(inner, "ag_frame", None) or frame
            if frame is not None:
                yield frame
            inner = getattr(inner, "cr_await", None) or getattr(
                inner, "ag_await", None
            )


def _own_line(frame: FrameType | None, file: str) -> int:
    """Return the line of the learner's own that led there, or 0."""
    while frame is not None:
        if frame.f_code.co_filename == file:
            return frame.f_lineno
        frame = frame.f_back
    return 0
