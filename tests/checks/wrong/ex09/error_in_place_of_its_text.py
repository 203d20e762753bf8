# Returns the exceptions, not their texts.
# fails: test_who_was_refused_is_not_taken_for_served, test_no_message_is_lost, test_it_tells_who_was_not_served, test_a_real_server_refuses_each_for_a_reason


async def send_with_retry(
    message: EmailContent,
    transport: Transport,
    policy: RetryPolicy,
    sleep: Sleep,
) -> dict[str, str]:
    pending: list[str] = list(dict.fromkeys(message.recipients))
    unserved: dict[str, Exception] = {}
    for tried in count(1):
        errors = await run_in_threadpool(refusals, message, transport, pending)
        for who, error in errors.items():
            logger.warning("Try %d for %s: %r", tried, who, error)
        before = {w: e for w, e in unserved.items() if w not in pending}
        unserved = before | errors
        pending = [w for w, e in errors.items() if classify(e) == "transient"]
        if not pending or tried == policy.attempts:
            break
        await sleep(pause(policy, tried))
    return {who: error for who, error in unserved.items()}
