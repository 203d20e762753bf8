"""See whether an answer's own code blocks the event loop."""

import asyncio
import threading
import time

import pytest

from checks.asgi import Client

LONG = 1.0  # seconds: a sleep of that length is the answer's own
BUSY = 0.2  # seconds of computing: no endpoint here needs a tenth of that


class Blocking:
    """Lets no long sleep take its time; says what held up the event loop.

    Make it before the answer is imported: that may do `from time import …`.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.threads: set[int] = set()  # in which time.sleep was called
        sleep, async_sleep = time.sleep, asyncio.sleep

        def short(seconds: float) -> None:
            if seconds < LONG:
                sleep(seconds)
            else:
                self.threads.add(threading.get_ident())

        async def async_short(seconds: float, result: object = None) -> object:
            return await async_sleep(0 if seconds >= LONG else seconds, result)

        monkeypatch.setattr(time, "sleep", short)
        monkeypatch.setattr(asyncio, "sleep", async_short)

    def why(self, client: Client, before: float) -> str:
        """Say what blocked the loop since it had computed for so long."""
        if client.loop_thread in self.threads:
            return "time.sleep was called on the event loop"
        if client.loop_seconds() - before > BUSY:
            return "a long calculation kept the event loop busy"
        return ""
