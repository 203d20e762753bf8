# send_with_retry raises what it should return.
# fails: test_it_tells_who_was_not_served


class UndeliveredError(Exception):
    pass


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
        errors = await run_in_threadpool(refusals, message, transport, pending)
        for who, error in errors.items():
            logger.warning("Try %d for %s: %r", tried + 1, who, error)
        before = {w: e for w, e in unserved.items() if w not in pending}
        unserved = before | errors
        pending = [w for w, e in errors.items() if classify(e) == "transient"]
        if not pending:
            break
    if unserved:
        raise UndeliveredError({w: str(e) for w, e in unserved.items()})
    return {}


def get_delivery(
    transport: Annotated[Transport, Depends(get_transport)],
    policy: Annotated[RetryPolicy, Depends(get_policy)],
    sleep: Annotated[Sleep, Depends(get_sleep)],
    letters: Annotated[list[DeadLetter], Depends(get_dead_letters)],
) -> Delivery:
    """Provide the task (ready)."""

    async def deliver(message: EmailContent) -> None:
        try:
            await send_with_retry(message, transport, policy, sleep)
        except UndeliveredError as error:
            for recipient, reason in error.args[0].items():
                letters.append(DeadLetter(message, [recipient], reason))

    return deliver
