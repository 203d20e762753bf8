# One task for each channel: Starlette drops those after one that raises.
# fails: test_one_failure_stops_no_other_channel, test_a_failed_channel_says_why, test_channels_send_at_the_same_time


class Notifier:
    def __init__(self, *channels: Channel) -> None:
        self.channels = {channel.name: channel for channel in channels}

    async def send(
        self, name: str, address: str | None, message: str, result: Result
    ) -> None:
        if address is None:
            result.status = "skipped"
            return
        try:
            await self.channels[name].send(address, message)
        except Exception as exc:
            result.status, result.error = "failed", str(exc)
            raise
        result.status = "delivered"


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
    for name, result in report.channels.items():
        address = notification.recipient.address(name)
        tasks.add_task(
            notifier.send, name, address, notification.message, result
        )
    return {"id": report.id}
