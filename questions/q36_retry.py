"""How do I retry a background task that failed?

Answer: FastAPI runs a task once. If it raises, the server logs the error, and
nobody tries again; the client has its 200.

Instead: If the failure lasts seconds, retry inside the task, with growing
pauses and a last attempt, as tenacity does. A `def` task keeps its thread
meanwhile, and a restart loses it. If it lasts minutes, or if the work must not
be lost, use the retry of a queue (`autoretry_for` in Celery, `Retry` in RQ). A
task that may run twice has to be idempotent.

Since: all versions.

Asked: https://github.com/fastapi/fastapi/pull/14599
https://github.com/fastapi/fastapi/issues/2505
https://github.com/celery/celery/issues/1124

Deeper: exercise 9, stage 7, notebooks/07_celery.ipynb,
https://fastapi.tiangolo.com/tutorial/background-tasks/
"""

from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from tenacity import (
    retry,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
)

app = FastAPI()


class Mail:
    """A mail server that refuses the first two attempts."""

    attempts = 0
    sent: tuple[str, ...] = ()

    def send(self, address: str) -> None:
        self.attempts += 1
        if self.attempts < 3:
            raise ConnectionError("Try again later.")
        self.sent += (address,)


mail = Mail()


def get_mail() -> Mail:
    return mail


MailDep = Annotated[Mail, Depends(get_mail)]


@app.post("/wrong")
def sends_once(background_tasks: BackgroundTasks, mail: MailDep) -> None:
    background_tasks.add_task(mail.send, "ada@example.com")


@retry(
    retry=retry_if_exception_type(ConnectionError),  # nothing else
    wait=wait_exponential(0.01),  # at work: wait_exponential_jitter(1, max=60)
    stop=stop_after_attempt(5),
    reraise=True,
)
def work(mail: Mail, address: str) -> None:
    mail.send(address)


@app.post("/right")
def sends_again(background_tasks: BackgroundTasks, mail: MailDep) -> None:
    background_tasks.add_task(work, mail, "ada@example.com")
