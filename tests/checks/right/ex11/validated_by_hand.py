# Axis: a RequestValidationError in place of an HTTPException.

from fastapi.exceptions import RequestValidationError


@app.post("/notify/", status_code=202)
async def notify(
    notification: Notification, tasks: BackgroundTasks, notifier: NotifierDep
) -> dict[str, str]:
    wanted = dict.fromkeys(notification.channels)  # each once, in order
    unknown = [name for name in wanted if name not in notifier.channels]
    if unknown:
        raise RequestValidationError(
            [{"loc": ["body", "channels"], "msg": "unknown", "type": "x"}]
        )
    report = Report(id=uuid4().hex, channels={n: Result() for n in wanted})
    reports[report.id] = report
    tasks.add_task(notifier.notify, notification, report)
    return {"id": report.id}
