"""Why does an `async def` in a Celery task fail: "Event loop is closed"?

Answer: Celery calls plain functions. `asyncio.run` in a task makes a new
event loop and closes it at the end. A client or an async engine that lives
longer than the task keeps connections of the closed loop, and the second task
that uses one fails: "Event loop is closed", or "attached to a different loop".

Instead: Keep one loop for each worker process, with `asyncio.Runner`: clients
and engines may then live as long as the process. Or make client and engine
anew inside each task. Taskiq and Procrastinate run `async def` tasks as they
are.

Since: all versions of FastAPI; `asyncio.Runner` since Python 3.11.

Proof: https://docs.python.org/3/library/asyncio-runner.html#asyncio.Runner
and https://docs.sqlalchemy.org/en/21/orm/extensions/asyncio.html ("Using
multiple asyncio event loops").

Try: uvicorn questions.q20_async_def_in_celery:app, POST /wrong and /right
twice each, then
celery -A questions.q20_async_def_in_celery:celery worker --pool solo.

Asked: https://github.com/sqlalchemy/sqlalchemy/issues/5990
https://github.com/jonra1993/fastapi-alembic-sqlmodel-async/issues/94
https://github.com/VirusTotal/vt-py/issues/46

Deeper: stage 9, notebooks/09_taskiq.ipynb,
https://fastapi.tiangolo.com/async/
"""

import asyncio
import os

import httpx2
from celery import Celery
from fastapi import FastAPI

app = FastAPI()
SHOP = os.environ.get("SHOP_URL", "http://127.0.0.1:8000")
FOLDER = os.environ.get("QUEUE_FOLDER", ".")  # a broker for trying it out

celery = Celery("q20", broker="filesystem://")
celery.conf.broker_transport_options = {
    "data_folder_in": FOLDER,
    "data_folder_out": FOLDER,
    "control_folder": FOLDER,
    "polling_interval": 0.1,
}
client = httpx2.AsyncClient()  # keeps its connections
runner = asyncio.Runner()  # keeps its loop


async def work() -> None:
    response = await client.get(f"{SHOP}/stock")
    response.raise_for_status()


@celery.task
def work_in_a_new_loop() -> None:
    asyncio.run(work())


@celery.task
def work_in_one_loop() -> None:
    runner.run(work())


@app.get("/stock")
async def stock() -> int:
    return 7


@app.post("/wrong")
def wrong() -> None:
    work_in_a_new_loop.delay()


@app.post("/right")
def right() -> None:
    work_in_one_loop.delay()
