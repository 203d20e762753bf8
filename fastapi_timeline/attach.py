"""Record an application as it stands, and leave it as it was."""

import contextlib
from collections.abc import Iterator
from typing import Any

from .recording import Recorder


@contextlib.contextmanager
def record(app: Any, keep: int = 100) -> Iterator[Recorder]:
    """Record all requests to a FastAPI or Starlette application, for a while.

    It becomes the outermost layer of the application's own stack, so that
    every way in is seen: a TestClient, a server, a mount. A stack that is
    not built yet stays so: middleware can still be added.
    """
    if not hasattr(app, "build_middleware_stack"):
        message = (
            f"{type(app).__name__} is no FastAPI or Starlette application:"
            " serve Recorder(app) in its place."
        )
        raise TypeError(message)
    build = app.build_middleware_stack
    other = vars(app).get("build_middleware_stack")

    def build_recorded() -> Recorder:
        recorder.app = build()
        return recorder

    with Recorder(app.middleware_stack, keep) as recorder:
        if app.middleware_stack is not None:
            app.middleware_stack = recorder
        app.build_middleware_stack = build_recorded
        try:
            yield recorder
        finally:
            del app.build_middleware_stack
            if other is not None:  # a recorder around this one
                app.build_middleware_stack = other
            if app.middleware_stack is recorder:
                app.middleware_stack = recorder.app
