# Makes a bucket for each request.
# fails: test_a_refused_request_starts_no_task


async def get_bucket(
    request: Request, clock: Annotated[Clock, Depends(get_clock)]
) -> TokenBucket:
    return TokenBucket(CAPACITY, REFILL_PER_SECOND, clock)
