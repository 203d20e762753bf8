"""One request and its response, on their way between two threads.

The client asks in its own thread; the application is served on an event loop
in another. Both bodies go through in parts, as they do on a real connection.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any, NoReturn

import httpx2
import pytest

PATIENCE = 5.0  # seconds; an answer that needs them is not right
Message = MutableMapping[str, Any]


class Call(httpx2.SyncByteStream):
    """A request to the application; as a stream, the response's body."""

    def __init__(
        self,
        request: httpx2.Request,
        give_up: Callable[[str], NoReturn] = pytest.fail,
    ) -> None:
        self.give_up = give_up
        self.taken = 0  # parts of its body
        self.status = 500
        self.headers: list[tuple[bytes, bytes]] = []
        self.begun = threading.Event()  # status and headers are there
        self.complete = threading.Event()  # and so is the whole body
        self.over = asyncio.Event()  # nobody waits for the response any more
        self._parts: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        at_hand = isinstance(request.stream, httpx2.ByteStream)
        self._read = request.read() if at_hand else None
        self._body = None if at_hand else iter(request.stream)  # type: ignore[arg-type]
        path, _, query = request.url.raw_path.partition(b"?")
        shown = request.url.path
        shown = shown if shown.isprintable() else path.decode("ascii")
        self.name = f"{request.method} {shown}"
        self.scope = {
            "type": "http",
            "asgi": {
                "version": "3.0",
                "spec_version": "2.3",
            },  # as uvicorn says
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": request.url.path,
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": [(k.lower(), v) for k, v in request.headers.raw],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 80),
        }

    # --- in the thread of the client ----------------------------------------

    def __iter__(self) -> Iterator[bytes]:
        """Give each part of the response's body when it was sent."""
        while True:
            try:
                part = self._parts.get(timeout=PATIENCE)
            except queue.Empty:
                self.give_up(
                    f"The response to {self.name} began, and for"
                    f" {PATIENCE:g} s no more of it came: what does it"
                    " wait for?"
                )
            if not part:
                return
            yield part

    def close(self) -> None:
        """Go away, whether or not the response is complete."""
        if self._loop is not None and not self.complete.is_set():
            self._loop.call_soon_threadsafe(self.over.set)

    # --- in the thread of the event loop ------------------------------------

    async def receive(self) -> Message:
        """Give the next part of the request, then that the client left."""
        self._loop = asyncio.get_running_loop()
        if self._read is not None:
            body, self._read = self._read, None
            return {"type": "http.request", "body": body}
        if self._body is not None:
            part = await asyncio.to_thread(next, self._body, None)
            self.taken += 1
            if part is None:
                self._body = None
            more = part is not None
            return {
                "type": "http.request",
                "body": part or b"",
                "more_body": more,
            }
        await self.over.wait()
        return {"type": "http.disconnect"}

    def begin(self, message: Message) -> None:
        """Take status and headers."""
        self._loop = asyncio.get_running_loop()
        self.status = message["status"]
        self.headers = list(message.get("headers", []))
        self.begun.set()

    def go_on(self, part: bytes) -> None:
        """Take a part of the response's body."""
        if part:
            self._parts.put(part)

    @property
    def unread(self) -> bool:
        """Whether a part of the response waits for a client that is there."""
        return not self._parts.empty() and not self.over.is_set()

    def end(self) -> None:
        """Take that no more will come."""
        self.over.set()
        self.complete.set()
        self.begun.set()
        self._parts.put(b"")
