# Axis: for the order, a small ASGI application notes the messages.


def test_a_task_that_fails_does_not_change_the_response(
    target: ModuleType, client_for: ClientFor
) -> None:
    events = []

    async def watched(scope, receive, send):
        async def noting(message):
            events.append(message["type"])
            await send(message)

        await target.app(scope, receive, noting)

    overrides = target.app.dependency_overrides
    overrides[target.get_notification_task] = lambda: (
        lambda email, message: events.append("task")
    )
    notify(client_for(watched), ADA, "Hello!")
    assert events[-2:] == ["http.response.body", "task"]
