# A list as a default is shared by all notifications.
# fails: test_notifications_at_the_same_time_do_not_mix


class Notifier:
    def __init__(self, *channels: Channel) -> None:
        self.channels = {channel.name: channel for channel in channels}

    async def notify(
        self, to: Notification, report: Report, sends: list = []
    ) -> None:
        """Send by all channels of a report, and write the results there."""
        for name, result in report.channels.items():
            address = to.recipient.address(name)
            sends.append(self._send(name, address, to.message, result))
        await asyncio.gather(*sends)

    async def _send(
        self, name: str, address: str | None, message: str, result: Result
    ) -> None:
        if address is None:
            result.status = "skipped"
            return
        try:
            await self.channels[name].send(address, message)
        except Exception as exc:
            result.status, result.error = "failed", str(exc)
        else:
            result.status = "delivered"
