# Axis: logs at ERROR with the traceback; the reason is a longer sentence.


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
            logger.error("try %d: %s", tried, who, exc_info=error)
        before = {w: e for w, e in unserved.items() if w not in pending}
        unserved = before | errors
        pending = [w for w, e in errors.items() if classify(e) == "transient"]
        if not pending or tried == policy.attempts:
            break
        await sleep(pause(policy, tried))
    return {
        who: f"given up: {error!r} {error}" for who, error in unserved.items()
    }
