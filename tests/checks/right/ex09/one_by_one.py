# Axis: each recipient has a transaction of his own from the start; tenacity's Retrying; the task is an object.

from tenacity import Retrying, retry_if_exception, stop_after_attempt


def get_sleep():
    import time

    return time.sleep


def code_of(error: BaseException) -> int:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        ((code, _),) = error.recipients.values()
        return code
    return getattr(error, "smtp_code", 0)


def classify(error: BaseException) -> bool:
    if code := code_of(error):
        return 400 <= code < 500
    kinds = (ConnectionError, TimeoutError, smtplib.SMTPServerDisconnected)
    return isinstance(error, kinds)


def send_with_retry(message, transport, policy, sleep):
    def one_try(who):
        try:
            if refused := transport(message, [who]):
                raise smtplib.SMTPRecipientsRefused(refused)
        except Exception as error:
            logger.error("%s: %s", who, error)
            raise

    def wait(state):
        n = state.attempt_number - 1
        more = random.uniform(0, policy.jitter)
        return min(policy.max_delay, policy.base_delay * 2**n + more)

    unserved = {}
    for who in message.recipients:
        retrying = Retrying(
            sleep=sleep,
            stop=stop_after_attempt(policy.attempts),
            wait=wait,
            retry=retry_if_exception(classify),
            reraise=True,
        )
        try:
            retrying(one_try, who)
        except Exception as error:
            unserved[who] = str(error)
    return unserved


class Postman:
    def __init__(
        self,
        transport: Annotated[Transport, Depends(get_transport)],
        policy: Annotated[RetryPolicy, Depends(get_policy)],
        sleep: Annotated[Sleep, Depends(get_sleep)],
        letters: Annotated[list[DeadLetter], Depends(get_dead_letters)],
    ) -> None:
        self.needs = transport, policy, sleep
        self.letters = letters

    def __call__(self, message: EmailContent) -> None:
        for who, why in send_with_retry(message, *self.needs).items():
            self.letters.append(DeadLetter(message, [who], why))


get_delivery = Postman
