# Axis: as_completed and a queue of results; an own Response carries the task; unknown names are a validation error; a dependency keeps the reports.

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.background import BackgroundTask


class Outcomes:
    def __init__(self) -> None:
        self.by_id: dict[str, dict[str, tuple[str, str | None]]] = {}


outcomes = Outcomes()


def get_outcomes() -> Outcomes:
    return outcomes


async def get_notifier(
    email: Annotated[Channel, Depends(get_email_channel)],
    sms: Annotated[Channel, Depends(get_sms_channel)],
    push: Annotated[Channel, Depends(get_push_channel)],
) -> list[Channel]:
    return [email, sms, push]


async def one(channel, address, message, write):
    error = None
    try:
        await channel.send(address, message)
    except Exception as exc:
        error = "".join(map(str, exc.args))
    await write.put((channel.name, error))


async def all_of_them(channels, to, entry):
    write = asyncio.Queue()
    running = []
    for channel in channels:
        address = to.recipient.address(channel.name)
        if address is None:
            entry[channel.name] = ("skipped", None)
        else:
            running.append(
                asyncio.create_task(one(channel, address, to.message, write))
            )
    for done in asyncio.as_completed(running):
        await done
        name, error = await write.get()
        entry[name] = ("delivered" if error is None else "failed", error)


@app.post("/notify/")
async def notify(
    notification: Notification,
    channels: Annotated[list[Channel], Depends(get_notifier)],
    kept: Annotated[Outcomes, Depends(get_outcomes)],
) -> JSONResponse:
    picked = [c for c in channels if c.name in notification.channels]
    if {c.name for c in picked} != set(notification.channels):
        raise RequestValidationError(
            [
                {
                    "loc": ["body", "channels"],
                    "msg": "unknown",
                    "type": "value_error",
                }
            ]
        )
    number = uuid4().hex[:12]
    entry = kept.by_id[number] = {c.name: ("pending", None) for c in picked}
    work = BackgroundTask(all_of_them, picked, notification, entry)
    return JSONResponse({"id": number}, 202, background=work)


@app.get("/notify/{number}")
def show(number: str, kept: Annotated[Outcomes, Depends(get_outcomes)]):
    if not (entry := kept.by_id.get(number)):
        raise HTTPException(404)
    return {
        "id": number,
        "channels": {
            n: {"status": s, "error": e, "name": n}
            for n, (s, e) in entry.items()
        },
    }
