# `attempts` is taken for the number of retries.
# fails: test_attempts_counts_all_tries, test_a_real_server_refuses_each_for_a_reason


async def send_with_retry(
    message: EmailContent,
    transport: Transport,
    policy: RetryPolicy,
    sleep: Sleep,
) -> dict[str, str]:
    pending: list[str] = list(dict.fromkeys(message.recipients))
    unserved: dict[str, Exception] = {}
    for tried in range(policy.attempts + 1):
        if tried:
            await sleep(pause(policy, tried))
        errors = await run_in_threadpool(refusals, message, transport, pending)
        for who, error in errors.items():
            logger.warning("Try %d for %s: %r", tried + 1, who, error)
        before = {w: e for w, e in unserved.items() if w not in pending}
        unserved = before | errors
        pending = [w for w, e in errors.items() if classify(e) == "transient"]
        if not pending:
            break
    return {who: str(error) or repr(error) for who, error in unserved.items()}
