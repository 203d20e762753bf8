"""Why do old background tasks run again with each new request?

Answer: One `BackgroundTasks()` for all requests (at the top of the module, or
in a cached service) is a list that nobody empties. Each response that gets it
runs the whole list, with the tasks of all earlier requests, so multiple tasks
seem not to be reliable. If no response gets it, it never runs.

Instead: Declare a parameter `background_tasks: BackgroundTasks`. FastAPI makes
one for each request, the same one for the endpoint and all its dependencies,
and gives it to the response.

Since: all versions.

Proof: `BackgroundTasks.__call__` in starlette/background.py removes nothing.

Asked: https://github.com/fastapi/fastapi/issues/2210
https://github.com/fastapi/fastapi/issues/4761
https://github.com/fastapi/fastapi/issues/59

Deeper: stage 1, notebooks/01_background_tasks.ipynb,
https://fastapi.tiangolo.com/tutorial/background-tasks/
"""

from itertools import count

from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import JSONResponse

app = FastAPI()
numbers = count(1)
sent: list[int] = []
all_tasks = BackgroundTasks()


def work(order: int) -> None:
    sent.append(order)


@app.post("/wrong")
def shares_a_list() -> JSONResponse:
    all_tasks.add_task(work, next(numbers))
    return JSONResponse("accepted", background=all_tasks)


@app.post("/right")
def has_a_list_of_its_own(background_tasks: BackgroundTasks) -> str:
    background_tasks.add_task(work, next(numbers))
    return "accepted"
