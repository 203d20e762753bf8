"""An ASGI layer outside of everything, the recorder among it."""

import threading
from collections.abc import Awaitable, Callable
from threading import get_ident
from typing import Any


class Outer:
    """Logs the messages, and tells when a request is over."""

    def __init__(self, app: Any, log: Callable[[str, str], None]) -> None:
        self.app, self.log = app, log
        self.loop = 0
        self.over = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve, and log."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        self.loop = get_ident()
        try:
            await self.app(scope, self.hear(receive), self.say(send))
        except BaseException:
            self.log("", "failed")
            raise
        finally:
            self.log("", "done")
            self.over.set()

    def hear(self, receive: Any) -> Callable[[], Awaitable[Any]]:
        """Log what the client does."""

        async def heard() -> Any:
            message = await receive()
            kind = message["type"]
            if kind.endswith("disconnect"):
                self.log("", "gone")
            elif kind == "websocket.receive":
                self.log("", "received")
            return message

        return heard

    def say(self, send: Any) -> Callable[[Any], Awaitable[None]]:
        """Log what the server took."""

        async def said(message: Any) -> None:
            await send(message)
            more = message.get("more_body")
            known = {
                "http.response.start": "started",
                "http.response.body": "chunk" if more else "sent",
                "websocket.accept": "accepted",
                "websocket.send": "chunk",
                "websocket.close": "closed",
            }
            self.log("", known[message["type"]])

        return said
