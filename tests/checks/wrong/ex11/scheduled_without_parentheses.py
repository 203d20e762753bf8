# Sends before the response: the task is called while it is added.
# fails: test_delivered_is_not_said_before_it_is_so, test_notifications_at_the_same_time_do_not_mix


@app.post("/notify/", status_code=202)
async def notify(
    notification: Notification, tasks: BackgroundTasks, notifier: NotifierDep
) -> dict[str, str]:
    wanted = dict.fromkeys(notification.channels)  # each once, in order
    unknown = [name for name in wanted if name not in notifier.channels]
    if unknown:
        raise HTTPException(422, f"unknown channels: {', '.join(unknown)}")
    report = Report(id=uuid4().hex, channels={n: Result() for n in wanted})
    reports[report.id] = report
    tasks.add_task(await notifier.notify(notification, report))
    return {"id": report.id}
