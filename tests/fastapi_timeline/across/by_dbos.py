"""The cases with DBOS: a retry is a new workflow, as in stage 11."""

import os
from threading import Event

from dbos import DBOS, DBOSClient

from tests.fastapi_timeline.across import witness

URL = os.environ["ACROSS_URL"]
client = DBOSClient(system_database_url=URL, lazy=True)


def publish(case: str, name: str, delay: float = 0) -> None:
    """Hand a task over."""
    options: dict[str, object] = {
        "workflow_name": name,
        "queue_name": "across",
    }
    if delay:
        options["delay_seconds"] = delay
    client.enqueue(options, case)  # type: ignore[arg-type]


def body(case: str, name: str) -> None:
    """Do it; once more if it fails the first time."""

    def again(attempt: int) -> None:
        if attempt == 1:
            with witness.publishing(case, name):
                workflow = {"first": first, "second": second}[name]
                DBOS.enqueue_workflow("across", workflow, case)

    witness.act(case, name, publish, again)


@DBOS.workflow(name="first")
def first(case: str) -> None:
    """Be the first task of a case."""
    body(case, "first")


@DBOS.workflow(name="second")
def second(case: str) -> None:
    """Be the second one."""
    body(case, "second")


def start() -> None:
    """Make the tables."""
    DBOS.migrate(URL)


def work() -> None:
    """Be a worker."""
    DBOS(
        config={
            "name": "across",
            "system_database_url": URL,
            "executor_id": "one",
            "application_version": "1",
            "log_level": "WARNING",
        }
    )
    DBOS.launch()
    DBOS.register_queue(
        "across", worker_concurrency=8, polling_interval_sec=0.2
    )
    Event().wait()
