"""A framework's own code, below what other tools put around it."""

import contextlib
from types import CodeType, FunctionType
from typing import Any

DEEPEST = 50  # how many functions are looked into


def own(function: Any, name: str) -> CodeType:
    """Find the framework's own code below what others put around it.

    Another tool (OpenTelemetry's, for one) replaces a method by a function
    that calls the old one, and takes that away again when it likes.
    """
    todo, seen = [function], set[int]()
    for one in todo:
        seen.add(id(one))
        code = getattr(one, "__code__", None)
        if isinstance(code, CodeType) and code.co_qualname == name:
            return code
        inner = [getattr(one, "__wrapped__", None)]
        if isinstance(one, FunctionType):
            inner += [*(one.__defaults__ or ()), *around(one)]
        todo += [
            new for new in inner if callable(new) and id(new) not in seen
        ][: DEEPEST - len(todo)]
    return function.__code__  # type: ignore[no-any-return]


def around(function: FunctionType) -> list[Any]:
    """Give the values that a function has from the one around it."""
    values = []
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):  # not set yet
            values.append(cell.cell_contents)
    return values
