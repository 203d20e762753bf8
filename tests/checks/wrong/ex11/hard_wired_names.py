# The notifier knows the names itself.
# fails: test_a_channel_is_known_by_its_name


class Notifier:
    def __init__(self, email: Channel, sms: Channel, push: Channel) -> None:
        self.channels = {"email": email, "sms": sms, "push": push}

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
        try:
            await self.channels[name].send(address, message)
        except Exception as exc:
            result.status, result.error = "failed", str(exc)
        else:
            result.status = "delivered"
