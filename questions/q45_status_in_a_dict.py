"""Why is my task's status not found (404) with several workers?

Answer: A global variable, such as a dict, is shared across requests only
within one process. Each worker of uvicorn or gunicorn, and each host, is a
process with objects of its own: one does not see the status that another has
written. Chance decides which worker answers, so it works now and then. After a
restart the status is gone in any case.

Instead: Keep the status where all workers look: a row in the database, or a
key in Redis.

Since: all versions.

Asked: https://github.com/fastapi/fastapi/issues/592
https://github.com/fastapi/fastapi/issues/4340
https://github.com/fastapi/fastapi/issues/3090
https://github.com/Kludex/uvicorn/issues/1318

Deeper: stage 5, notebooks/05_task_tracker.ipynb,
https://fastapi.tiangolo.com/deployment/concepts/
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa
from fastapi import BackgroundTasks, FastAPI, HTTPException
from sqlalchemy.schema import CreateTable

status_of: dict[str, str] = {}
jobs = sa.Table(
    "jobs",
    sa.MetaData(),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("status", sa.Text),
)
engine = sa.create_engine("sqlite:///data/q45.db")


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    Path("data").mkdir(exist_ok=True)  # noqa: ASYNC240 (before any request)
    with engine.begin() as connection:  # each worker comes by here
        connection.execute(CreateTable(jobs, if_not_exists=True))
    yield
    engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.post("/wrong", status_code=202)
def keeps_a_dict(background_tasks: BackgroundTasks) -> str:
    job = uuid4().hex
    status_of[job] = "accepted"

    def work() -> None:
        status_of[job] = "done"

    background_tasks.add_task(work)
    return job


@app.get("/wrong/{job}")
def reads_the_dict(job: str) -> str:
    if job not in status_of:
        raise HTTPException(404)
    return status_of[job]


@app.post("/right", status_code=202)
def keeps_a_row(background_tasks: BackgroundTasks) -> str:
    job = uuid4().hex
    with engine.begin() as connection:
        connection.execute(jobs.insert().values(id=job, status="accepted"))

    def work() -> None:
        query = jobs.update().where(jobs.c.id == job).values(status="done")
        with engine.begin() as connection:
            connection.execute(query)

    background_tasks.add_task(work)
    return job


@app.get("/right/{job}")
def reads_the_row(job: str) -> str:
    with engine.connect() as connection:
        query = sa.select(jobs.c.status).where(jobs.c.id == job)
        status: str | None = connection.scalar(query)
    if status is None:
        raise HTTPException(404)
    return status
