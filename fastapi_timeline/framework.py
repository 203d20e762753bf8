"""The names of FastAPI and Starlette that the recorder stands on.

`solve_dependencies` is private; tests guard it, its local `dependant` and
what is read of that, for each FastAPI that is supported.
"""

import importlib
from types import CodeType
from typing import Any

from starlette.background import BackgroundTask

from .original import own


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
