"""Why does a background task block the response behind BaseHTTPMiddleware?

Answer: Such a middleware (and `@app.middleware("http")`, which makes one)
passes the response on through a stream. Before Starlette 1.7 the task began as
soon as the last part was in that stream, while the server was still sending it
to a slow client. An `async def` task that blocks then held up the rest of the
response. From 1.7 on the task waits until the response is sent.

Instead: Write a pure ASGI middleware, as around `right`. It passes `send` on,
so the server has the whole response before the task begins, on every version.
A task that blocks is a plain `def` (question 10).

Since: changed in Starlette 1.7; before that, background tasks don't work
with middleware that subclasses BaseHTTPMiddleware as they do without.

Proof: `response_sent` in starlette/middleware/base.py, `call_next`.

Asked: https://github.com/Kludex/starlette/issues/919
https://github.com/Kludex/starlette/issues/3458
https://github.com/fastapi/fastapi/issues/2215

Deeper: stage 1, notebooks/01_background_tasks.ipynb,
https://fastapi.tiangolo.com/advanced/middleware/
"""

import threading
import time
from collections.abc import Awaitable, Callable

from fastapi import BackgroundTasks, FastAPI, Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

began = threading.Event()
app, behind_base, behind_pure = FastAPI(), FastAPI(), FastAPI()
app.mount("/wrong", behind_base)
app.mount("/right", behind_pure)


async def work() -> None:
    began.set()
    time.sleep(0.1)


@behind_base.post("/")
@behind_pure.post("/")
async def answer(background_tasks: BackgroundTasks) -> Response:
    background_tasks.add_task(work)
    return Response(bytes(20_000_000))  # more than the network takes at once


@behind_base.middleware("http")
async def name_the_server(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await call_next(request)
    response.headers["x-server"] = "a"
    return response


class NameTheServer:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send
    ) -> None:
        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-server", b"a"))
            await send(message)

        await self.app(scope, receive, send_named)


behind_pure.add_middleware(NameTheServer)
