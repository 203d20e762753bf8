# Where the e-mail has failed, it does not try the push.
# fails: test_one_failure_stops_no_other_channel


class Notifier:
    def __init__(self, *channels: Channel) -> None:
        self.channels = {channel.name: channel for channel in channels}

    async def notify(self, to: Notification, report: Report) -> None:
        """Send by all channels of a report, and write the results there."""
        await asyncio.gather(
            *(
                self._send(
                    name,
                    to.recipient.address(name),
                    to.message,
                    result,
                    report,
                )
                for name, result in report.channels.items()
            )
        )

    async def _send(
        self,
        name: str,
        address: str | None,
        message: str,
        result: Result,
        report: Report,
    ) -> None:
        email = report.channels.get("email", result)
        if address is None or (name == "push" and email.status == "failed"):
            result.status = "skipped"
            return
        try:
            await self.channels[name].send(address, message)
        except Exception as exc:
            result.status, result.error = "failed", str(exc)
        else:
            result.status = "delivered"
