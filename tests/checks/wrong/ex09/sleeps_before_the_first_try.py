# Pauses before each try, the first too.
# fails: test_the_pauses_double_up_to_the_limit, test_a_random_part_is_added_below_the_limit, test_no_pause_comes_after_the_last_try, test_a_real_server_refuses_and_hangs_up


async def send_with_retry(
    message: EmailContent,
    transport: Transport,
    policy: RetryPolicy,
    sleep: Sleep,
) -> dict[str, str]:
    pending: list[str] = list(dict.fromkeys(message.recipients))
    unserved: dict[str, Exception] = {}
    for tried in count(1):
        await sleep(pause(policy, tried))
        errors = await run_in_threadpool(refusals, message, transport, pending)
        for who, error in errors.items():
            logger.warning("Try %d for %s: %r", tried, who, error)
        before = {w: e for w, e in unserved.items() if w not in pending}
        unserved = before | errors
        pending = [w for w, e in errors.items() if classify(e) == "transient"]
        if not pending or tried == policy.attempts:
            break
    return {who: str(error) or repr(error) for who, error in unserved.items()}
