"""Why "EncodeError: Object of type … is not JSON serializable" in Celery?

Answer: A task's arguments travel as JSON, and a Pydantic model is not JSON,
nor is a database object, a request or a session. `delay` raises in the
endpoint, so the client gets 500 and no task is sent.

Instead: Send `model_dump(mode="json")`, and let `pydantic=True` make the model
again in the worker. Better still: store the data, and send the row's ID.

Since: `pydantic=True` came with Celery 5.5. From Celery 5.7 on it also dumps a
model that you send; `model_dump` works on all of them.

Proof: `pydantic_wrapper` in celery/app/base.py.

Asked: https://github.com/celery/celery/issues/8751
https://github.com/celery/celery/issues/9442
https://github.com/celery/celery/pull/9023

Deeper: stage 7, notebooks/07_celery.ipynb,
https://docs.celeryq.dev/en/stable/userguide/tasks.html
"""

import os

from celery import Celery
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
celery = Celery("q46", broker=os.environ.get("REDIS_URL", "memory://"))


class Order(BaseModel):
    item: str = "lamp"


@celery.task
def work(order: Order) -> str:
    return order.item


@celery.task(pydantic=True)
def work_on_json(order: Order) -> str:
    return order.item


@app.post("/wrong", status_code=202)
def sends_the_model() -> None:
    work.delay(Order())


@app.post("/right", status_code=202)
def sends_json() -> None:
    work_on_json.delay(Order().model_dump(mode="json"))
