"""Serve one application for a measurement, until its caller is gone.

python -m course.labs.served course.labs.bare:notify_0

The port is printed. A request is answered to its last byte only when its
background tasks are done: so what the client counts includes them.
"""

import importlib
import os
import sys
import threading

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from course import ports


class Whole:
    """Hold a response's end back until its background tasks are done."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Pass everything on at once but the last message."""
        last: Message | None = None

        async def hold(message: Message) -> None:
            nonlocal last
            if message["type"] == "http.response.body" and not message.get(
                "more_body"
            ):
                last = message
            else:
                await send(message)

        await self.app(scope, receive, hold)
        if last:
            await send(last)


def end_with_parent() -> None:
    """End at once when the other end of standard input is closed."""
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    """Serve the application named by the only argument."""
    module, name = sys.argv[1].split(":")
    app = getattr(importlib.import_module(module), name)
    threading.Thread(target=end_with_parent, daemon=True).start()
    config = uvicorn.Config(
        Whole(app), lifespan="on", access_log=False, log_level="warning"
    )
    listening = ports.listen(0)
    print(ports.number_of(listening), flush=True)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
