# Cached by lru_cache, which lets two first calls through.
# fails: test_first_requests_at_the_same_time_share_one_bucket

from functools import lru_cache


@lru_cache
def get_bucket(clock: Annotated[Clock, Depends(get_clock)]) -> TokenBucket:
    return TokenBucket(CAPACITY, REFILL_PER_SECOND, clock)
