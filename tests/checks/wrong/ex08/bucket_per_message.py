# Keeps a bucket for each text: who changes a letter sends without a limit.
# fails: test_a_refused_request_starts_no_task

buckets: dict[str, TokenBucket] = {}


async def get_bucket(
    clock: Annotated[Clock, Depends(get_clock)], message: str = "Hello!"
) -> TokenBucket:
    if message not in buckets:
        buckets[message] = TokenBucket(CAPACITY, REFILL_PER_SECOND, clock)
    return buckets[message]
