# gather leaves the skipped out, and its results go to the wrong names.
# fails: test_without_an_address_a_channel_is_skipped


class Notifier:
    def __init__(self, *channels: Channel) -> None:
        self.channels = {channel.name: channel for channel in channels}

    async def notify(self, to: Notification, report: Report) -> None:
        sends = []
        for name in report.channels:
            address = to.recipient.address(name)
            if address is not None:
                sends.append(self.channels[name].send(address, to.message))
        found = await asyncio.gather(*sends, return_exceptions=True)
        for result, said in zip(report.channels.values(), found):
            failed = isinstance(said, Exception)
            result.status = "failed" if failed else "delivered"
            result.error = str(said) if failed else None
        for result in report.channels.values():
            if result.status == "pending":
                result.status = "skipped"
