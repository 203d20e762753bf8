# Tries a failed channel three times.
# fails: test_notifications_at_the_same_time_do_not_mix


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
        for _ in range(3):
            try:
                await self.channels[name].send(address, message)
            except Exception as exc:
                result.status, result.error = "failed", str(exc)
            else:
                result.status = "delivered"
                return
