# Axis: anyio's task group; each coroutine catches its own.

import anyio


class Notifier:
    def __init__(self, *channels: Channel) -> None:
        self.channels = {channel.name: channel for channel in channels}

    async def notify(self, to: Notification, report: Report) -> None:
        """Send by all channels of a report, and write the results there."""
        async with anyio.create_task_group() as group:
            for name, result in report.channels.items():
                address = to.recipient.address(name)
                group.start_soon(self._send, name, address, to.message, result)

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
