# Axis: bucket and limit come from async generators.

from collections.abc import AsyncIterator


async def get_bucket(
    request: Request, clock: Annotated[Clock, Depends(get_clock)]
) -> AsyncIterator[TokenBucket]:
    state = request.app.state
    if not hasattr(state, "bucket"):
        state.bucket = TokenBucket(CAPACITY, REFILL_PER_SECOND, clock)
    bucket: TokenBucket = state.bucket
    yield bucket


async def get_limited_task(
    bucket: Annotated[TokenBucket, Depends(get_bucket)],
    task: Annotated[NotificationTask, Depends(get_notification_task)],
) -> AsyncIterator[NotificationTask]:
    wait = bucket.try_take()
    if wait > 0:
        retry = {"Retry-After": str(math.ceil(wait))}
        raise HTTPException(429, "Too many notifications", retry)
    yield task
