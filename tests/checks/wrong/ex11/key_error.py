# Breaks on an id that it never gave.
# fails: test_an_unknown_id_is_not_found


@app.get("/notify/{notification_id}")
async def show(notification_id: str) -> Report:
    """Say what became of a notification (given)."""
    return reports[notification_id]
