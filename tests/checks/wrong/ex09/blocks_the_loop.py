# The transport is called on the event loop.
# fails: test_others_are_answered_while_a_mail_is_sent


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
            await sleep(pause(policy, tried))
        errors = refusals(message, transport, pending)
        for who, error in errors.items():
            logger.warning("Try %d for %s: %r", tried + 1, who, error)
        before = {w: e for w, e in unserved.items() if w not in pending}
        unserved = before | errors
        pending = [w for w, e in errors.items() if classify(e) == "transient"]
        if not pending:
            break
    return {who: str(error) or repr(error) for who, error in unserved.items()}
