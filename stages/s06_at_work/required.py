"""What a process cannot start without: else it stops with one line."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError


class StartError(Exception):
    """Says in one line what to do."""


@contextmanager
def required(what_to_do: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        sys.tracebacklimit = 0  # the line is all that helps
        raise StartError(f"{what_to_do}: {reason_of(error)}") from None


def reason_of(error: Exception) -> str:
    """Return its first line; for a setting its name, but not its value."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        prefix = "TASK_" if error.title == "TaskConfig" else ""
        name = "_".join(map(str, first["loc"])).upper()
        return f"{prefix}{name}: {first['msg']}"
    return str(getattr(error, "orig", error)).partition("\n")[0]
