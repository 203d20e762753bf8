# One variable for the error of all: those behind a failure have it, too.
# fails: test_one_failure_stops_no_other_channel


class Notifier:
    def __init__(self, *channels: Channel) -> None:
        self.channels = {channel.name: channel for channel in channels}

    async def notify(self, to: Notification, report: Report) -> None:
        """Send by all channels of a report, and write the results there."""
        found: dict[str, str | None] = {}
        await asyncio.gather(
            *(
                self._send(name, to.recipient.address(name), to.message, found)
                for name in report.channels
            )
        )
        error = None
        for name, result in report.channels.items():
            if name not in found:
                result.status = "skipped"
                continue
            error = found[name] or error
            result.status = "failed" if error else "delivered"
            result.error = error

    async def _send(
        self,
        name: str,
        address: str | None,
        message: str,
        found: dict[str, str | None],
    ) -> None:
        if address is None:
            return
        try:
            await self.channels[name].send(address, message)
        except Exception as exc:
            found[name] = str(exc)
        else:
            found[name] = None
