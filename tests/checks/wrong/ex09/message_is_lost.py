# The dead letter holds the recipients, but not the message.
# fails: test_no_message_is_lost


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
            letters.append(DeadLetter(None, [recipient], reason))

    return deliver
