# Who could not be served is only logged.
# fails: test_who_was_refused_is_not_taken_for_served, test_no_message_is_lost, test_a_real_server_refuses_each_for_a_reason


def get_delivery(
    transport: Annotated[Transport, Depends(get_transport)],
    policy: Annotated[RetryPolicy, Depends(get_policy)],
    sleep: Annotated[Sleep, Depends(get_sleep)],
    letters: Annotated[list[DeadLetter], Depends(get_dead_letters)],
) -> Delivery:
    """Provide the task (ready)."""

    async def deliver(message: EmailContent) -> None:
        unserved = await send_with_retry(message, transport, policy, sleep)
        for recipient, reason in unserved.items():
            logger.error("%s: %s", recipient, reason)

    return deliver
