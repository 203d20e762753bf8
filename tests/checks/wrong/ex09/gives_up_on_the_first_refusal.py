# One try by `async def` and a `for` that returns at the first dead letter.
# fails: test_a_temporary_failure_is_tried_again, test_who_was_refused_is_not_taken_for_served, test_no_message_is_lost


async def send_with_retry(
    message: EmailContent,
    transport: Transport,
    policy: RetryPolicy,
    sleep: Sleep,
) -> dict[str, str]:
    errors = await run_in_threadpool(
        refusals, message, transport, message.recipients
    )
    for who, error in errors.items():
        logger.warning("%s: %r", who, error)
        return {who: str(error)}
    return {}
