"""Why are BackgroundTasks in a WebSocket endpoint never run?

Answer: FastAPI gives a WebSocket endpoint the BackgroundTasks that it asks
for, and `add_task` works. But tasks run after a response, and a WebSocket has
none: they are dropped silently.

Instead: Run them yourself: `await background_tasks()` when the conversation
is over. Work that must not wait for that is awaited in between, or belongs to
a queue.

Since: all versions.

Proof: `get_websocket_app` in fastapi/routing.py calls the endpoint and never
looks at `solved_result.background_tasks`.

Asked: https://github.com/fastapi/fastapi/issues/289

Deeper: stage 1, notebooks/01_background_tasks.ipynb,
https://fastapi.tiangolo.com/advanced/websockets/
"""

from fastapi import BackgroundTasks, FastAPI, WebSocket

app = FastAPI()


def work() -> None:
    print("the conversation is stored")


@app.websocket("/wrong")
async def wrong(
    websocket: WebSocket, background_tasks: BackgroundTasks
) -> None:
    background_tasks.add_task(work)
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()


@app.websocket("/right")
async def right(
    websocket: WebSocket, background_tasks: BackgroundTasks
) -> None:
    background_tasks.add_task(work)
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()
    await background_tasks()
