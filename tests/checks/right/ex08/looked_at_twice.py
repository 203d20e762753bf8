# Axis: looks, locks, and looks again.


making = Lock()


def get_bucket(
    request: Request, clock: Annotated[Clock, Depends(get_clock)]
) -> TokenBucket:
    state = request.app.state
    if not hasattr(state, "bucket"):
        with making:
            if not hasattr(state, "bucket"):
                made = TokenBucket(CAPACITY, REFILL_PER_SECOND, clock)
                state.bucket = made
    bucket: TokenBucket = state.bucket
    return bucket
