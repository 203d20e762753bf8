"""Is the request cancelled when the client disconnects, or does it finish?

Answer: Nothing is cancelled. Neither uvicorn nor FastAPI stops an endpoint
when the client has left: it runs to its end, its response goes nowhere, and
its background tasks run as always. (A response that streams is stopped.)

Instead: Leave it so if the work must be done in any case. If only the client
wanted it, check between two steps: `await request.is_disconnected()`.

Since: all versions.

Proof: `listen_for_disconnect` exists in starlette/responses.py for
StreamingResponse alone.

Asked: https://github.com/fastapi/fastapi/issues/3766
https://github.com/fastapi/fastapi/issues/4248

Deeper: stage 1, notebooks/01_background_tasks.ipynb,
https://fastapi.tiangolo.com/advanced/using-request-directly/
"""

import asyncio

from fastapi import BackgroundTasks, FastAPI, Request

app = FastAPI()
steps: list[str] = []
STEPS = 10


def work() -> None:
    steps.append("work")


@app.post("/wrong")
async def wrong(background_tasks: BackgroundTasks) -> str:
    background_tasks.add_task(work)
    for _ in range(STEPS):
        await asyncio.sleep(0.01)  # stands in for something slow
        steps.append("step")
    return "a long list"


@app.post("/right")
async def right(request: Request, background_tasks: BackgroundTasks) -> str:
    for _ in range(STEPS):
        if await request.is_disconnected():
            return "nobody reads this"
        await asyncio.sleep(0.01)
        steps.append("step")
    background_tasks.add_task(work)
    return "a long list"
