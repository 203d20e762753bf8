# A failure is logged only when another try follows.
# fails: test_each_failing_try_is_logged


async def send_with_retry(
    message: EmailContent,
    transport: Transport,
    policy: RetryPolicy,
    sleep: Sleep,
) -> dict[str, str]:
    pending: list[str] = list(dict.fromkeys(message.recipients))
    unserved: dict[str, Exception] = {}
    for tried in range(policy.attempts):
        if tried:
            logger.warning("Try %d failed", tried)
            await sleep(pause(policy, tried))
        errors = await run_in_threadpool(refusals, message, transport, pending)
        before = {w: e for w, e in unserved.items() if w not in pending}
        unserved = before | errors
        pending = [w for w, e in errors.items() if classify(e) == "transient"]
        if not pending:
            break
    return {who: str(error) or repr(error) for who, error in unserved.items()}
