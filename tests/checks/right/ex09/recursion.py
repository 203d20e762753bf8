# Axis: each try calls the next one; anyio's threads.

import anyio


async def send_with_retry(
    message: EmailContent,
    transport: Transport,
    policy: RetryPolicy,
    sleep: Sleep,
) -> dict[str, str]:
    async def attempt(tried: int, waiting: list[str]) -> dict[str, str]:
        errors = await anyio.to_thread.run_sync(
            refusals, message, transport, waiting
        )
        for who, error in errors.items():
            logger.info("try %d for %s: %r", tried, who, error)
        again = [w for w, e in errors.items() if classify(e) == "transient"]
        texts = {w: str(e) or repr(e) for w, e in errors.items()}
        if not again or tried == policy.attempts:
            return texts
        await sleep(pause(policy, tried))
        final = {w: texts[w] for w in texts if w not in again}
        return final | await attempt(tried + 1, again)

    return await attempt(1, message.recipients)
