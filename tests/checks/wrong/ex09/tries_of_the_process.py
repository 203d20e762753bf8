# The tries are counted in one variable for all messages.
# fails: test_a_temporary_failure_is_tried_again

TRIED = 0


async def send_with_retry(
    message: EmailContent,
    transport: Transport,
    policy: RetryPolicy,
    sleep: Sleep,
) -> dict[str, str]:
    pending: list[str] = list(dict.fromkeys(message.recipients))
    unserved: dict[str, Exception] = {}
    global TRIED
    for tried in range(99):
        TRIED += 1
        if tried:
            await sleep(pause(policy, tried))
        errors = await run_in_threadpool(refusals, message, transport, pending)
        for who, error in errors.items():
            logger.warning("Try %d for %s: %r", tried + 1, who, error)
        before = {w: e for w, e in unserved.items() if w not in pending}
        unserved = before | errors
        pending = [w for w, e in errors.items() if classify(e) == "transient"]
        if not pending or TRIED >= policy.attempts:
            break
    return {who: str(error) or repr(error) for who, error in unserved.items()}
