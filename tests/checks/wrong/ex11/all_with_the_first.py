# Takes all for delivered when the first is.
# fails: test_delivered_is_not_said_before_it_is_so, test_one_failure_stops_no_other_channel, test_a_failed_channel_says_why, test_notifications_at_the_same_time_do_not_mix


class Notifier:
    def __init__(self, *channels: Channel) -> None:
        self.channels = {channel.name: channel for channel in channels}

    async def notify(self, to: Notification, report: Report) -> None:
        sends = []
        for name, result in report.channels.items():
            address = to.recipient.address(name)
            if address is None:
                result.status = "skipped"
                continue
            send = self.channels[name].send(address, to.message)
            sends.append(asyncio.create_task(send))
        await asyncio.wait(sends, return_when=asyncio.FIRST_COMPLETED)
        for result in report.channels.values():
            if result.status == "pending":
                result.status = "delivered"
        await asyncio.wait(sends)
