# One notifier for all requests, which remembers the last one.
# fails: test_notifications_at_the_same_time_do_not_mix


class Notifier:
    def __init__(self, *channels: Channel) -> None:
        self.channels = {channel.name: channel for channel in channels}

    def keep(self, to: Notification, report: Report) -> None:
        self.to, self.report = to, report

    async def notify(self) -> None:
        await asyncio.gather(
            *(self._send(name) for name in self.report.channels)
        )

    async def _send(self, name: str) -> None:
        result = self.report.channels[name]
        address = self.to.recipient.address(name)
        if address is None:
            result.status = "skipped"
            return
        try:
            await self.channels[name].send(address, self.to.message)
        except Exception as exc:
            result.status, result.error = "failed", str(exc)
        else:
            result.status = "delivered"


kept: list[Notifier] = []


def get_notifier(
    email: Annotated[Channel, Depends(get_email_channel)],
    sms: Annotated[Channel, Depends(get_sms_channel)],
    push: Annotated[Channel, Depends(get_push_channel)],
) -> Notifier:
    if not kept:
        kept.append(Notifier(email, sms, push))
    return kept[0]


@app.post("/notify/", status_code=202)
async def notify(
    notification: Notification, tasks: BackgroundTasks, notifier: NotifierDep
) -> dict[str, str]:
    wanted = dict.fromkeys(notification.channels)  # each once, in order
    unknown = [name for name in wanted if name not in notifier.channels]
    if unknown:
        raise HTTPException(422, f"unknown channels: {', '.join(unknown)}")
    report = Report(id=uuid4().hex, channels={n: Result() for n in wanted})
    reports[report.id] = report
    notifier.keep(notification, report)
    tasks.add_task(notifier.notify)
    return {"id": report.id}
