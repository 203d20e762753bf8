# Keeps a bucket for each address: a client with many addresses sends without a limit.
# fails: test_a_refused_request_starts_no_task

buckets: dict[str, TokenBucket] = {}


async def get_bucket(
    email: str, clock: Annotated[Clock, Depends(get_clock)]
) -> TokenBucket:
    if email not in buckets:
        buckets[email] = TokenBucket(CAPACITY, REFILL_PER_SECOND, clock)
    return buckets[email]
