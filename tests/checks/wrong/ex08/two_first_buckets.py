# A `def` provider looks and makes in two steps: two first requests make two buckets.
# fails: test_first_requests_at_the_same_time_share_one_bucket


def get_bucket(
    request: Request, clock: Annotated[Clock, Depends(get_clock)]
) -> TokenBucket:
    state = request.app.state
    if not hasattr(state, "bucket"):
        state.bucket = TokenBucket(CAPACITY, REFILL_PER_SECOND, clock)
    return state.bucket
