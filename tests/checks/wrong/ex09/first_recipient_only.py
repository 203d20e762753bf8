# Sends to the first recipient only.
# fails: test_a_mail_goes_out_once_after_the_response


async def send_with_retry(
    message: EmailContent,
    transport: Transport,
    policy: RetryPolicy,
    sleep: Sleep,
) -> dict[str, str]:
    pending: list[str] = message.recipients[:1]
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
    return {who: str(error) or repr(error) for who, error in unserved.items()}
