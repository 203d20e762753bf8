"""Why don't background tasks run when I raise an HTTPException?

Answer: The tasks belong to the response that the endpoint returns. After a
`raise`, an exception handler makes another response, and that one has no
tasks: yours never run, whatever the status. A task that sometimes never runs
is often one of these.

Instead: Return the error: a JSONResponse with status 404 keeps the tasks, so
the failed request can still be recorded or mailed.

Since: all versions.

Proof: https://fastapi.tiangolo.com/tutorial/background-tasks/ ("to be run
after returning a response"); `get_request_handler` in fastapi/routing.py
attaches the tasks only after the endpoint has returned.

Asked: https://github.com/fastapi/fastapi/issues/13116
https://github.com/fastapi/fastapi/issues/2604
https://github.com/fastapi/fastapi/issues/1270

Deeper: stage 1, notebooks/01_background_tasks.ipynb,
https://fastapi.tiangolo.com/tutorial/handling-errors/
"""

from fastapi import BackgroundTasks, FastAPI, HTTPException, Response
from fastapi.responses import JSONResponse

app = FastAPI()


def work() -> None:
    print("somebody asked for an item that is not there")


@app.post("/wrong")
async def wrong(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(work)
    raise HTTPException(404, "Item not found")


@app.post("/right")
async def right(background_tasks: BackgroundTasks) -> Response:
    background_tasks.add_task(work)
    return JSONResponse({"detail": "Item not found"}, 404)
