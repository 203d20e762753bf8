# Sends by all channels, whatever was asked for.
# fails: test_only_what_is_asked_for_is_sent, test_a_name_that_comes_twice_is_sent_once, test_delivered_is_not_said_before_it_is_so, test_a_failed_channel_says_why, test_a_channel_is_known_by_its_name, test_an_invalid_address_refuses_the_whole_request, test_notifications_at_the_same_time_do_not_mix, test_an_unknown_id_is_not_found, test_channels_run_on_the_event_loop_of_the_application


@app.post("/notify/", status_code=202)
async def notify(
    notification: Notification, tasks: BackgroundTasks, notifier: NotifierDep
) -> dict[str, str]:
    wanted = dict.fromkeys(notification.channels)  # each once, in order
    unknown = [name for name in wanted if name not in notifier.channels]
    if unknown:
        raise HTTPException(422, f"unknown channels: {', '.join(unknown)}")
    wanted = dict.fromkeys(notifier.channels)
    report = Report(id=uuid4().hex, channels={n: Result() for n in wanted})
    reports[report.id] = report
    tasks.add_task(notifier.notify, notification, report)
    return {"id": report.id}
