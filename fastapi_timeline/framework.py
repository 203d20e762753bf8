"""The names of FastAPI and Starlette that the recorder stands on.

`solve_dependencies` is private; tests guard it, its local `dependant` and
what is read of that, for each FastAPI that is supported.
"""

import contextlib
import importlib
from types import CodeType, FunctionType
from typing import Any

from starlette.background import BackgroundTask


def framework(utils: Any = None) -> tuple[dict[str, CodeType], str]:
    """Find the code to watch, and say what can't be seen without it."""
    codes = {
        "task made": own(BackgroundTask.__init__, "BackgroundTask.__init__"),
        "task": own(BackgroundTask.__call__, "BackgroundTask.__call__"),
    }
    try:
        if utils is None:
            utils = importlib.import_module("fastapi.dependencies.utils")
        solver = own(utils.solve_dependencies, "solve_dependencies")
        codes["solve"] = solver
    except (ImportError, AttributeError):
        lost = "dependencies.utils.solve_dependencies"
    else:
        if "dependant" in solver.co_varnames:
            return codes, ""
        del codes["solve"]
        lost = "solve_dependencies' argument `dependant`"
    return codes, (
        f"This FastAPI has no {lost}: dependencies and endpoint cannot be"
        " seen, only tasks and the response."
    )


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


DEEPEST = 50  # how many functions are looked into
