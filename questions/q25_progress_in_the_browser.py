"""How do I show a background task's progress in the browser?

Answer: The response is sent before the task begins, so status updates to the
user need a request of their own: the browser polls, or opens server-sent
events (or a WebSocket). A queue between the task and that request loses the
progress: each message is read once, so a second tab, or the page after a
reload, waits for messages that are gone.

Instead: The task stores how far it is under the job's ID, and each request
reads the latest value. With several workers that value is in a table.

Since: all versions. From FastAPI 0.135 on, `EventSourceResponse` of
fastapi.sse writes the `data:` lines.

Proof: `EventSourceResponse` in fastapi/sse.py.

Asked: https://github.com/fastapi/fastapi/issues/2984
https://github.com/fastapi/fastapi/issues/1167
https://github.com/TitleCardMaker/TitleCardMaker/issues/353

Deeper: exercise 12, stage 5, notebooks/05_task_tracker.ipynb,
https://fastapi.tiangolo.com/tutorial/server-sent-events/
"""

import asyncio
import queue
from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.responses import StreamingResponse

STEPS = 3
app = FastAPI()
messages: queue.Queue[int] = queue.Queue()
progress: dict[int, int] = {}  # job's ID: steps that are done


def get_step() -> Callable[[], None]:
    return lambda: None  # one part of the work


StepDep = Annotated[Callable[[], None], Depends(get_step)]


@app.post("/wrong")
def sends_messages(background_tasks: BackgroundTasks, step: StepDep) -> None:
    def work() -> None:
        for done in range(1, STEPS + 1):
            step()
            messages.put(done)

    background_tasks.add_task(work)


@app.get("/wrong/events")
def takes_messages() -> StreamingResponse:
    lines = [f"data: {messages.get()}\n\n" for _ in range(messages.qsize())]
    return StreamingResponse(iter(lines), media_type="text/event-stream")


@app.post("/right")
def keeps_progress(background_tasks: BackgroundTasks, step: StepDep) -> int:
    job = len(progress) + 1
    progress[job] = 0

    def work() -> None:
        for done in range(1, STEPS + 1):
            step()
            progress[job] = done

    background_tasks.add_task(work)
    return job


@app.get("/right/events")
def shows_progress(job: int = 1) -> StreamingResponse:
    async def lines() -> AsyncIterator[str]:
        shown = -1
        while shown < STEPS:
            if progress[job] != shown:
                shown = progress[job]
                yield f"data: {shown}\n\n"
            await asyncio.sleep(0.01)  # at work: half a second

    return StreamingResponse(lines(), media_type="text/event-stream")
