"""Right: generators provide, the task is async, a dependency adds it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Annotated, Any

from fastapi import BackgroundTasks, Depends, FastAPI, status
from pydantic import BaseModel, EmailStr

_everything: list[Any] = []


class Answer(BaseModel):
    """What the client gets."""

    message: str


def get_outbox() -> Iterator[list[Any]]:
    """Give the list of what was sent."""
    yield _everything


async def get_notification_task(
    box: Annotated[list[Any], Depends(get_outbox)],
) -> AsyncIterator[Callable[[str, str], Awaitable[None]]]:
    """Give what sends a message."""

    async def deliver(to: str, what: str) -> None:
        box.append((to, what))

    yield deliver


async def scheduled(
    email: EmailStr,
    message: str,
    tasks: BackgroundTasks,
    deliver: Annotated[Callable[..., Any], Depends(get_notification_task)],
) -> Answer:
    """Add the task; the endpoint has nothing left to do."""
    tasks.add_task(deliver, email, message)
    return Answer(message="Notification scheduled")


app = FastAPI()


@app.post("/send-notification/{email}", status_code=status.HTTP_202_ACCEPTED)
async def endpoint(answer: Annotated[Answer, Depends(scheduled)]) -> Answer:
    """Answer."""
    return answer
