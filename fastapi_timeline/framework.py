"""The names of FastAPI and Starlette that the recorder stands on.

`solve_dependencies` is private; tests guard it, its local `dependant` and
what is read of that, for each FastAPI that is supported.
"""

import importlib
from types import CodeType
from typing import Any

from starlette import endpoints, responses, routing
from starlette.background import BackgroundTask
from starlette.middleware import base, errors

from .callables import own as values
from .original import own

# Whose code is watched, and the method of `Live` that follows it.
FOLLOWED = {
    (BackgroundTask, "__call__"): "task",
    (BackgroundTask, "__init__"): "task_made",
    (responses.Response, "__call__"): "response",
    (responses.StreamingResponse, "__call__"): "response",
    (responses.FileResponse, "__call__"): "response",
    (endpoints.HTTPEndpoint, "dispatch"): "plain",
    (endpoints.WebSocketEndpoint, "dispatch"): "socket",
    (routing.Route, "handle"): "route",
    (routing.WebSocketRoute, "handle"): "route",
    (routing.Mount, "handle"): "route",
    (errors.ServerErrorMiddleware, "__call__"): "chain",
}
# Of these, that they begin is enough to know.
STARTING = {"task_made", "route", "chain"}
FRAMEWORK = ("fastapi.", "starlette.")
Followed = list[tuple[CodeType, str]]


def framework(utils: Any = None) -> tuple[Followed, str]:
    """Find the code to watch, and say what can't be seen without it."""
    codes = [
        (own(getattr(kind, name), f"{kind.__name__}.{name}"), method)
        for (kind, name), method in FOLLOWED.items()
    ]
    ours = getattr(base, "_StreamingResponse", None)
    if ours and "__call__" in vars(ours):
        codes.append((ours.__call__.__code__, "response"))
    called = own(
        base.BaseHTTPMiddleware.__call__, "BaseHTTPMiddleware.__call__"
    )
    for outer, name, method in (
        (routing.request_response.__code__, "app", "plain"),
        (routing.websocket_session.__code__, "app", "plain"),
        (called, "call_next", "next_called"),
    ):
        inner = [code for code in outer.co_consts if type(code) is CodeType]
        codes += [(code, method) for code in inner if code.co_name == name]
    try:
        if utils is None:
            utils = importlib.import_module("fastapi.dependencies.utils")
        solver = own(utils.solve_dependencies, "solve_dependencies")
    except (ImportError, AttributeError):
        lost = "dependencies.utils.solve_dependencies"
    else:
        if "dependant" in solver.co_varnames:
            return [*codes, (solver, "solve")], ""
        lost = "solve_dependencies' argument `dependant`"
    return codes, (
        f"This FastAPI has no {lost}: dependencies and endpoint cannot be"
        " seen, only tasks and the response."
    )


def has_lifespan(app: object) -> bool:
    """Tell an application with a lifespan of its own from one without."""
    router = values(app).get("router")
    lifespan = values(router).get("lifespan_context")
    default = type(lifespan).__name__ == "_DefaultLifespan"
    return not default or bool(values(router).get("on_startup"))
