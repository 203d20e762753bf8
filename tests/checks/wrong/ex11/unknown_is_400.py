# Refuses an unknown channel with 400.
# fails: test_a_channel_is_known_by_its_name, test_an_unknown_channel_refuses_the_whole_request


@app.post("/notify/", status_code=202)
async def notify(
    notification: Notification, tasks: BackgroundTasks, notifier: NotifierDep
) -> dict[str, str]:
    wanted = dict.fromkeys(notification.channels)  # each once, in order
    unknown = [name for name in wanted if name not in notifier.channels]
    if unknown:
        raise HTTPException(400, f"unknown channels: {', '.join(unknown)}")
    report = Report(id=uuid4().hex, channels={n: Result() for n in wanted})
    reports[report.id] = report
    tasks.add_task(notifier.notify, notification, report)
    return {"id": report.id}
