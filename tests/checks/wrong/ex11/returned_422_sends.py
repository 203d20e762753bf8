# Says 422 for an unknown name when the task is added already.
# fails: test_an_unknown_channel_refuses_the_whole_request


from fastapi import Response


@app.post("/notify/", status_code=202)
async def notify(
    notification: Notification,
    tasks: BackgroundTasks,
    notifier: NotifierDep,
    response: Response,
) -> dict[str, str]:
    wanted = dict.fromkeys(notification.channels)  # each once, in order
    response.status_code = 202
    unknown = [name for name in wanted if name not in notifier.channels]
    if unknown:
        response.status_code = 422
        wanted = {name: None for name in wanted if name not in unknown}
    report = Report(id=uuid4().hex, channels={n: Result() for n in wanted})
    reports[report.id] = report
    tasks.add_task(notifier.notify, notification, report)
    return {"id": report.id}
