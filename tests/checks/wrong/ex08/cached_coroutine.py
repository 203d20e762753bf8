# lru_cache keeps the coroutine, which can be awaited once.
# fails: test_a_refused_request_starts_no_task

from functools import lru_cache


@lru_cache
async def get_bucket(
    clock: Annotated[Clock, Depends(get_clock)],
) -> TokenBucket:
    return TokenBucket(CAPACITY, REFILL_PER_SECOND, clock)
