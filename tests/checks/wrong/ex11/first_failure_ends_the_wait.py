# Stops waiting when the first channel has failed.
# fails: test_one_failure_stops_no_other_channel


class Notifier:
    def __init__(self, *channels: Channel) -> None:
        self.channels = {channel.name: channel for channel in channels}

    async def notify(self, to: Notification, report: Report) -> None:
        """Send by all channels of a report, and write the results there."""
        sends = {}
        for name, result in report.channels.items():
            address = to.recipient.address(name)
            send = self._send(name, address, to.message, result)
            sends[asyncio.create_task(send)] = result
        done, _ = await asyncio.wait(
            sends, return_when=asyncio.FIRST_EXCEPTION
        )
        for task in done:
            result, error = sends[task], task.exception()
            if error:
                result.status, result.error = "failed", str(error)

    async def _send(
        self, name: str, address: str | None, message: str, result: Result
    ) -> None:
        if address is None:
            result.status = "skipped"
            return
        await self.channels[name].send(address, message)
        await asyncio.sleep(0.1)  # let the provider settle
        result.status = "delivered"
