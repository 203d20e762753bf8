# Axis: nothing is predicted; the applications are run, by hand.

import asyncio
import contextlib


def run(make) -> list[str]:
    events: list[str] = []
    app = make(events.append)
    over = asyncio.Event()

    async def receive():
        if over.is_set():
            await asyncio.sleep(3600)
        over.set()
        return {"type": "http.request", "body": b""}

    async def send(message):
        pass

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "method": "POST",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [],
    }
    with contextlib.suppress(Exception):
        asyncio.run(app(scope, receive, send))
    return events


PREDICTIONS = {name: run(make) for name, make in APPS.items()}
