# gather without a `try`: what has failed once leaves all results unwritten.
# fails: test_one_failure_stops_no_other_channel, test_a_failed_channel_says_why, test_notifications_at_the_same_time_do_not_mix


class Notifier:
    def __init__(self, *channels: Channel) -> None:
        self.channels = {channel.name: channel for channel in channels}

    async def notify(self, to: Notification, report: Report) -> None:
        sends, results = [], []
        for name, result in report.channels.items():
            address = to.recipient.address(name)
            if address is None:
                result.status = "skipped"
                continue
            sends.append(self.channels[name].send(address, to.message))
            results.append(result)
        await asyncio.gather(*sends)
        for result in results:
            result.status = "delivered"
