"""How do I get the return value, the result, of a background task?

Answer: Not from `add_task`: it returns None, because the task has not begun.
What the task returns later is thrown away. The response is sent before that.

Instead: Answer 202 (Accepted) with an ID and the address of the result. The
task stores its result under that ID; a second endpoint returns it, or says
that it is not there yet. With several workers it is stored in a table
(question 45).

Since: all versions.

Proof: `BackgroundTask.__call__` in starlette/background.py awaits the function
and returns nothing.

Asked: https://github.com/Kludex/starlette/issues/2337
https://github.com/fastapi/fastapi/issues/3
https://github.com/fastapi/fastapi/issues/5683

Deeper: stage 5, notebooks/05_task_tracker.ipynb,
https://fastapi.tiangolo.com/tutorial/background-tasks/
"""

from itertools import count

from fastapi import BackgroundTasks, FastAPI, HTTPException, Response

app = FastAPI()
ids = count(1)
results: dict[int, int | None] = {}  # None: not there yet


def work(number: int) -> int:
    return number * number


@app.post("/wrong")
def returns_the_result(background_tasks: BackgroundTasks) -> int | None:
    return background_tasks.add_task(  # type: ignore[func-returns-value]
        work, 7
    )


@app.post("/right", status_code=202)
def returns_an_id(
    background_tasks: BackgroundTasks, response: Response
) -> int:
    job = next(ids)
    results[job] = None

    def work_and_store() -> None:
        results[job] = work(7)

    background_tasks.add_task(work_and_store)
    response.headers["Location"] = f"/results/{job}"
    return job


@app.get("/results/{job}")
def result_of(job: int) -> dict[str, int | None]:
    if job not in results:
        raise HTTPException(404)
    return {"result": results[job]}
