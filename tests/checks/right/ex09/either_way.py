# Axis: one queue of (who, try) with a pause that may or may not have to be awaited; a semaphore: one mail at a time.

import inspect

ONE = asyncio.Semaphore(1)


async def send_with_retry(message, transport, policy, sleep):
    reasons = {}
    waiting = list(message.recipients)
    async with ONE:
        tried = 0
        while waiting:
            errors = await asyncio.to_thread(
                refusals, message, transport, waiting
            )
            tried += 1
            for who in waiting:
                reasons[who] = errors.get(who)
            waiting = [
                w for w, e in errors.items() if classify(e) == "transient"
            ]
            if errors:
                print_and_log(tried, errors)
            if tried == policy.attempts:
                break
            if waiting:
                outcome = sleep(pause(policy, tried))
                if inspect.isawaitable(outcome):
                    await outcome
    return {who: str(why) for who, why in reasons.items() if why is not None}


def print_and_log(tried, errors):
    print(errors)
    logging.getLogger("shop.mail").warning("%d: %s", tried, errors)
