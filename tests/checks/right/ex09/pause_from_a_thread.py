# Axis: `def` in a thread that hands each pause to the event loop; recursion in place of a loop; logged and raised on.

import anyio.from_thread


class UndeliveredError(Exception):
    pass


def send_with_retry(message, transport, policy, sleep, waiting=None, n=1):
    errors = refusals(message, transport, waiting or message.recipients)
    if not errors:
        return {}
    logger.debug("try %d: %s", n, errors)
    again = [w for w, e in errors.items() if classify(e) == "transient"]
    lost = {who: str(error) for who, error in errors.items()}
    if n == policy.attempts or not again:
        return lost
    anyio.from_thread.run(sleep, pause(policy, n))
    for who in again:
        del lost[who]
    more = send_with_retry(message, transport, policy, sleep, again, n + 1)
    return lost | more


def get_delivery(
    transport: Annotated[Transport, Depends(get_transport)],
    policy: Annotated[RetryPolicy, Depends(get_policy)],
    sleep: Annotated[Sleep, Depends(get_sleep)],
    letters: Annotated[list[DeadLetter], Depends(get_dead_letters)],
):
    def deliver(message: EmailContent) -> None:
        unserved = send_with_retry(message, transport, policy, sleep)
        for recipient, reason in unserved.items():
            letters.append(DeadLetter(message, [recipient], reason))
        if unserved:
            raise UndeliveredError(unserved)

    yield deliver
