"""Right: a class provides the task, the application keeps the list."""

from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import EmailStr
from starlette.background import BackgroundTask


class Entry(NamedTuple):
    """What was sent to whom."""

    email: str
    message: str


async def get_outbox(request: Request) -> list[Any]:
    """Give the list of what was sent."""
    entries: list[Any] = request.app.state.entries
    return entries


class Notifier:
    """Sends a message when it is called."""

    def __init__(
        self, outbox: Annotated[list[Any], Depends(get_outbox)]
    ) -> None:
        self.outbox = outbox

    def __call__(self, address: str, text: str) -> None:
        """Send it."""
        self.outbox.append(Entry(address, text))


get_notification_task = Notifier
router = APIRouter(prefix="/send-notification")


@router.post("/{email}")
async def schedule(
    email: EmailStr,
    message: str,
    notifier: Annotated[Any, Depends(get_notification_task)],
) -> JSONResponse:
    """Answer with a response that has its task with it."""
    later = BackgroundTask(notifier, email, message)
    content = {"message": "Notification scheduled"}
    return JSONResponse(content, 202, background=later)


app = FastAPI()
app.state.entries = []
app.include_router(router)
