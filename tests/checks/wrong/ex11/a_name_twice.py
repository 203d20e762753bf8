# Sends twice by a channel that is named twice.
# fails: test_a_name_that_comes_twice_is_sent_once


class Notifier:
    def __init__(self, *channels: Channel) -> None:
        self.channels = {channel.name: channel for channel in channels}

    async def notify(self, to: Notification, report: Report) -> None:
        await asyncio.gather(
            *(
                self._send(
                    name,
                    to.recipient.address(name),
                    to.message,
                    report.channels[name],
                )
                for name in to.channels
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
