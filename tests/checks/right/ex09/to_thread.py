# Axis: asyncio.to_thread; a set of codes.


async def send_with_retry(
    message: EmailContent,
    transport: Transport,
    policy: RetryPolicy,
    sleep: Sleep,
) -> dict[str, str]:
    pending: list[str] = list(dict.fromkeys(message.recipients))
    unserved: dict[str, Exception] = {}
    for tried in count(1):
        errors = await asyncio.to_thread(refusals, message, transport, pending)
        for who, error in errors.items():
            logger.warning("Try %d for %s: %r", tried, who, error)
        before = {w: e for w, e in unserved.items() if w not in pending}
        unserved = before | errors
        pending = [w for w, e in errors.items() if classify(e) == "transient"]
        if not pending or tried == policy.attempts:
            break
        await sleep(pause(policy, tried))
    return {who: str(error) or repr(error) for who, error in unserved.items()}


def classify(error: Exception) -> Literal["transient", "permanent"]:
    if isinstance(error, smtplib.SMTPResponseException):
        passes = error.smtp_code // 100 == 4
        return "transient" if passes else "permanent"
    away = ConnectionError | TimeoutError | smtplib.SMTPServerDisconnected
    return "transient" if isinstance(error, away) else "permanent"
