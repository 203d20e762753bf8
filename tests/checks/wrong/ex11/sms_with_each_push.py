# Sends an SMS with each push, whether it was asked for or not.
# fails: test_only_what_is_asked_for_is_sent


class Notifier:
    def __init__(self, *channels: Channel) -> None:
        self.channels = {channel.name: channel for channel in channels}

    async def notify(self, to: Notification, report: Report) -> None:
        """Send by all channels of a report, and write the results there."""
        results = dict(report.channels)
        if "push" in results:
            results.setdefault("sms", Result())
        await asyncio.gather(
            *(
                self._send(
                    name, to.recipient.address(name), to.message, result
                )
                for name, result in results.items()
            )
        )

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
