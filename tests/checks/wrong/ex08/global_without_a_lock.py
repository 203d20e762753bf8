# A global of the module, made by the first request: perhaps two come first.
# fails: test_first_requests_at_the_same_time_share_one_bucket

bucket: TokenBucket | None = None


def get_bucket(clock: Annotated[Clock, Depends(get_clock)]) -> TokenBucket:
    global bucket
    if bucket is None:
        bucket = TokenBucket(CAPACITY, REFILL_PER_SECOND, clock)
    return bucket
