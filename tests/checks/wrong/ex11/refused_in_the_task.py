# Looks at the names when the response has been sent.
# fails: test_a_channel_is_known_by_its_name, test_an_unknown_channel_refuses_the_whole_request


class Notifier:
    def __init__(self, *channels: Channel) -> None:
        self.channels = {channel.name: channel for channel in channels}

    async def notify(self, to: Notification, report: Report) -> None:
        """Send by all channels of a report, and write the results there."""
        await asyncio.gather(
            *(
                self._send(
                    name, to.recipient.address(name), to.message, result
                )
                for name, result in report.channels.items()
            )
        )

    async def _send(
        self, name: str, address: str | None, message: str, result: Result
    ) -> None:
        if address is None:
            result.status = "skipped"
            return
        try:
            if name not in self.channels:
                raise HTTPException(422, "unknown channel")
            await self.channels[name].send(address, message)
        except Exception as exc:
            result.status, result.error = "failed", str(exc)
        else:
            result.status = "delivered"


@app.post("/notify/", status_code=202)
async def notify(
    notification: Notification, tasks: BackgroundTasks, notifier: NotifierDep
) -> dict[str, str]:
    wanted = dict.fromkeys(notification.channels)  # each once, in order
    report = Report(id=uuid4().hex, channels={n: Result() for n in wanted})
    reports[report.id] = report
    tasks.add_task(notifier.notify, notification, report)
    return {"id": report.id}
