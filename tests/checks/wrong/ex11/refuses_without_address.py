# Refuses the request where an address is missing.
# fails: test_without_an_address_a_channel_is_skipped


@app.post("/notify/", status_code=202)
async def notify(
    notification: Notification, tasks: BackgroundTasks, notifier: NotifierDep
) -> dict[str, str]:
    wanted = dict.fromkeys(notification.channels)  # each once, in order
    unknown = [name for name in wanted if name not in notifier.channels]
    unknown += [n for n in wanted if not notification.recipient.address(n)]
    if unknown:
        raise HTTPException(422, f"unknown channels: {', '.join(unknown)}")
    report = Report(id=uuid4().hex, channels={n: Result() for n in wanted})
    reports[report.id] = report
    tasks.add_task(notifier.notify, notification, report)
    return {"id": report.id}
