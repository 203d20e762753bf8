# Axis: all of it is `def`, in a worker thread of Starlette; two sets instead of one dict.

import time


def get_sleep() -> Callable[[float], None]:
    def wait(seconds: float) -> None:
        time.sleep(seconds)

    return wait


def classify(error: Exception | int) -> bool:
    if isinstance(error, smtplib.SMTPResponseException):
        error = error.smtp_code
    if isinstance(error, int):
        return 400 <= error <= 499
    kinds = (ConnectionError, TimeoutError, smtplib.SMTPServerDisconnected)
    return isinstance(error, kinds)


def send_with_retry(message, transport, policy, sleep):
    waiting = set(message.recipients)
    lost = {}
    for n in range(1, policy.attempts + 1):
        again = set()
        try:
            refused = transport(message=message, recipients=sorted(waiting))
        except smtplib.SMTPRecipientsRefused as exc:
            refused = exc.recipients
            logging.error("all refused in try %d", n)
        except Exception as exc:
            logging.exception("try %d", n)
            refused = {}
            lost |= dict.fromkeys(waiting, repr(exc))
            again = waiting if classify(exc) else set()
        else:
            for who in waiting - set(refused):
                lost.pop(who, None)
        for who, (code, words) in refused.items():
            lost[who] = f"{code} {words.decode(errors='replace')}"
            if classify(code):
                again.add(who)
        waiting = again
        if not waiting or n == policy.attempts:
            return lost
        wait = policy.base_delay * 2 ** (n - 1)
        wait = min(wait + random.random() * policy.jitter, policy.max_delay)
        sleep(seconds=wait)


def get_delivery(
    transport: Annotated[Transport, Depends(get_transport)],
    policy: Annotated[RetryPolicy, Depends(get_policy)],
    sleep: Annotated[Callable[[float], None], Depends(get_sleep)],
    letters: Annotated[list[DeadLetter], Depends(get_dead_letters)],
) -> Callable[[EmailContent], None]:
    def deliver(message: EmailContent) -> None:
        unserved = send_with_retry(message, transport, policy, sleep)
        if unserved:
            reasons = "; ".join(f"{w}: {r}" for w, r in unserved.items())
            letters.append(DeadLetter(message, list(unserved), reasons))

    return deliver
