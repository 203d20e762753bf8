# Axis: exceptions come back from gather, all statuses change at the end, and one group of them leaves the task; a cached notifier; a generator.

from collections.abc import Iterator


class Notifier:
    def __init__(self, *channels: Channel) -> None:
        self.channels = channels

    def named(self, name: str) -> Channel | None:
        return next((c for c in self.channels if c.name == name), None)

    async def __call__(
        self, to: Notification, results: dict[str, Result]
    ) -> None:
        addresses = {n: to.recipient.address(n) for n in results}
        sent = {n: a for n, a in addresses.items() if a is not None}
        found = await asyncio.gather(
            *(
                self.named(n).send(message=to.message, recipient=a)
                for n, a in sent.items()
            ),
            return_exceptions=True,
        )
        for result in results.values():
            result.status = "skipped"
        errors = []
        for name, said in zip(sent, found, strict=True):
            if isinstance(said, BaseException):
                errors.append(said)
                results[name] = Result(status="failed", error=repr(said))
            else:
                results[name].status = "delivered"
        if errors:
            raise BaseExceptionGroup("not delivered", errors)


def get_notifier(
    email: Annotated[Channel, Depends(get_email_channel)],
    sms: Annotated[Channel, Depends(get_sms_channel)],
    push: Annotated[Channel, Depends(get_push_channel)],
) -> Iterator[Notifier]:
    yield Notifier(push, email, sms)


@app.post("/notify/", status_code=202)
def notify(
    notification: Notification, tasks: BackgroundTasks, notifier: NotifierDep
) -> dict:
    if not all(map(notifier.named, notification.channels)):
        raise HTTPException(422)
    report = Report(
        id=str(uuid4()), channels={n: Result() for n in notification.channels}
    )
    reports[report.id] = report
    tasks.add_task(notifier, to=notification, results=report.channels)
    return {"id": report.id, "channels": notification.channels}
