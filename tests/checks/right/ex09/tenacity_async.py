# Axis: tenacity's AsyncRetrying around one try; it calls `sleep`.

from tenacity import (
    AsyncRetrying,
    retry_if_result,
    stop_after_attempt,
    wait_exponential_jitter,
)


async def send_with_retry(message, transport, policy, sleep):
    unserved: dict[str, Exception] = {}
    pending = list(message.recipients)

    async def one_try() -> bool:
        errors = await asyncio.to_thread(refusals, message, transport, pending)
        for who in pending:
            unserved.pop(who, None)
        unserved.update(errors)
        if errors:
            logger.info("refused: %s", errors)
        pending[:] = [w for w in errors if classify(errors[w]) == "transient"]
        return bool(pending)

    retrying = AsyncRetrying(
        sleep=sleep,
        stop=stop_after_attempt(policy.attempts),
        wait=wait_exponential_jitter(
            multiplier=policy.base_delay,
            max=policy.max_delay,
            jitter=policy.jitter,
        ),
        retry=retry_if_result(bool),
        retry_error_callback=lambda state: None,
    )
    await retrying(one_try)
    return {who: str(error) for who, error in unserved.items()}
