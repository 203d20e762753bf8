# Axis: dict.setdefault keeps the first bucket.


def get_bucket(
    request: Request, clock: Annotated[Clock, Depends(get_clock)]
) -> TokenBucket:
    made = TokenBucket(CAPACITY, REFILL_PER_SECOND, clock)
    return vars(request.app).setdefault("bucket", made)
