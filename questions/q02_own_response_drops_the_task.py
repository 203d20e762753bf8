"""Why does my task never run when I return a Response of my own?

Answer: A response has one place for tasks. If the Response (JSONResponse) that
you return already has a `background` of its own, that one overwrites the
injected BackgroundTasks. They are not executed, and no error and no log says
so.

Instead: Add all tasks to the injected BackgroundTasks, and return a Response
without `background`, as `right` does: FastAPI then attaches them. The status,
200 or 404, makes no difference.

Since: all versions.

Proof: "if raw_response.background is None" in fastapi/routing.py,
`get_request_handler`.

Asked: https://github.com/fastapi/fastapi/issues/11215
https://github.com/fastapi/fastapi/issues/59

Deeper: stage 1, notebooks/01_background_tasks.ipynb,
https://fastapi.tiangolo.com/tutorial/background-tasks/
"""

from fastapi import BackgroundTasks, FastAPI, Response
from starlette.background import BackgroundTask

app = FastAPI()


def work() -> None:
    print("work")


def count_the_download() -> None:
    print("counted")


@app.post("/wrong")
async def wrong(background_tasks: BackgroundTasks) -> Response:
    background_tasks.add_task(work)
    return Response("done", background=BackgroundTask(count_the_download))


@app.post("/right")
async def right(background_tasks: BackgroundTasks) -> Response:
    background_tasks.add_task(work)
    background_tasks.add_task(count_the_download)
    return Response("done")
