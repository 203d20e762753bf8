# The provider calls get_clock itself, so no other clock comes in.
# fails: test_the_bucket_goes_by_the_clock_that_is_provided, test_first_requests_at_the_same_time_share_one_bucket

from functools import lru_cache


@lru_cache
def get_bucket() -> TokenBucket:
    return TokenBucket(CAPACITY, REFILL_PER_SECOND, get_clock())
