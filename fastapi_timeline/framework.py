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

# Whose code is watched: the method of `Live` that follows it.
FOLLOWED = {
    "solve": "solve",
    "task": "task",
    "task made": "task_made",
    "response": "response",
    "streaming response": "response",
    "file response": "response",
    "middleware's response": "response",
    "plain endpoint": "plain",
    "plain socket": "plain",
    "class endpoint": "plain",
    "socket endpoint": "socket",
    "route": "route",
    "socket route": "route",
    "mount": "route",
    "chain": "chain",
    "call next": "next_called",
}
# Of these, that they begin is enough to know.
STARTING = {"task made", "route", "socket route", "mount", "chain"}
FRAMEWORK = ("fastapi.", "starlette.")


def framework(utils: Any = None) -> tuple[dict[str, CodeType], str]:
    """Find the code to watch, and say what can't be seen without it."""
    codes = {
        "task made": own(BackgroundTask.__init__, "BackgroundTask.__init__"),
        "task": own(BackgroundTask.__call__, "BackgroundTask.__call__"),
        "response": own(responses.Response.__call__, "Response.__call__"),
        "streaming response": own(
            responses.StreamingResponse.__call__, "StreamingResponse.__call__"
        ),
        "file response": own(
            responses.FileResponse.__call__, "FileResponse.__call__"
        ),
        "class endpoint": own(
            endpoints.HTTPEndpoint.dispatch, "HTTPEndpoint.dispatch"
        ),
        "socket endpoint": own(
            endpoints.WebSocketEndpoint.dispatch, "WebSocketEndpoint.dispatch"
        ),
        "route": own(routing.Route.handle, "Route.handle"),
        "socket route": own(
            routing.WebSocketRoute.handle, "WebSocketRoute.handle"
        ),
        "mount": own(routing.Mount.handle, "Mount.handle"),
        "chain": own(
            errors.ServerErrorMiddleware.__call__,
            "ServerErrorMiddleware.__call__",
        ),
    }
    ours = getattr(base, "_StreamingResponse", None)
    if ours and "__call__" in vars(ours):
        codes["middleware's response"] = ours.__call__.__code__
    called = own(
        base.BaseHTTPMiddleware.__call__, "BaseHTTPMiddleware.__call__"
    )
    for role, made_by, name in (
        ("plain endpoint", routing.request_response.__code__, "app"),
        ("plain socket", routing.websocket_session.__code__, "app"),
        ("call next", called, "call_next"),
    ):
        for code in made_by.co_consts:
            if isinstance(code, CodeType) and code.co_name == name:
                codes[role] = code
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


def has_lifespan(app: object) -> bool:
    """Tell an application with a lifespan of its own from one without."""
    router = values(app).get("router")
    lifespan = values(router).get("lifespan_context")
    default = type(lifespan).__name__ == "_DefaultLifespan"
    return not default or bool(values(router).get("on_startup"))
