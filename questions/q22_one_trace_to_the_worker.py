"""How do I get one trace from the request to the Celery worker?

Answer: A message knows nothing of the request that sent it: the worker is
another process and begins a trace of its own, so the API and the job appear
as two. (A background task of FastAPI runs in the request's context: there the
trace goes on by itself.)

Instead: Put OpenTelemetry's `traceparent` into the message's headers with
`propagate.inject`, and take it out in the worker with `propagate.extract`.
The instrumentations of Celery and FastAPI do just that; by hand it works with
every queue.

Since: all versions.

Proof: https://opentelemetry.io/docs/concepts/context-propagation/

Try: uvicorn questions.q22_one_trace_to_the_worker:app, POST /wrong and
/right with a header `traceparent`, then
celery -A questions.q22_one_trace_to_the_worker:celery worker --pool solo.

Asked: https://github.com/open-telemetry/opentelemetry-python-contrib/issues/1002
https://github.com/open-telemetry/opentelemetry-python/issues/1912
https://github.com/open-telemetry/opentelemetry-python-contrib/issues/1882

Deeper: stage 7, notebooks/07_celery.ipynb,
https://fastapi.tiangolo.com/tutorial/background-tasks/
"""

import os
from typing import Any

from celery import Celery
from fastapi import FastAPI, Request
from opentelemetry import context, propagate, trace

app = FastAPI()
FOLDER = os.environ.get("QUEUE_FOLDER", ".")  # a broker for trying it out
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
REQUEST = {"headers": {"traceparent": PARENT}}  # what a traced client sends

celery = Celery("q22", broker="filesystem://")
celery.conf.broker_transport_options = {
    "data_folder_in": FOLDER,
    "data_folder_out": FOLDER,
    "control_folder": FOLDER,
    "polling_interval": 0.1,
}


@celery.task(bind=True)
def work(self: Any) -> None:
    parent = propagate.extract(self.request.headers or {})
    span = trace.get_current_span(parent).get_span_context()
    print(f"worker: trace {span.trace_id:032x}", flush=True)


@app.middleware("http")
async def continue_the_trace(request: Request, call_next: Any) -> Any:
    context.attach(propagate.extract(request.headers))
    return await call_next(request)


@app.post("/wrong")
def wrong() -> None:
    work.delay()


@app.post("/right")
def right() -> None:
    headers: dict[str, str] = {}
    propagate.inject(headers)
    work.apply_async(headers=headers)
