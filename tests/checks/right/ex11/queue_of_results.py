# Axis: each channel puts its result into a queue, in a task group.


class Notifier:
    def __init__(self, *channels: Channel) -> None:
        self.channels = {channel.name: channel for channel in channels}

    async def notify(self, to: Notification, report: Report) -> None:
        outcomes: asyncio.Queue = asyncio.Queue()

        async def one(name, address):
            try:
                await self.channels[name].send(address, to.message)
                await outcomes.put((name, Result(status="delivered")))
            except Exception as exc:
                await outcomes.put(
                    (name, Result(status="failed", error=str(exc)))
                )

        async with asyncio.TaskGroup() as group:
            for name in report.channels:
                address = to.recipient.address(name)
                if address:
                    group.create_task(one(name, address))
                else:
                    await outcomes.put((name, Result(status="skipped")))
            for _ in range(len(report.channels)):
                name, result = await outcomes.get()
                report.channels[name] = result
