# The limit makes its own bucket, so get_bucket can't be replaced.
# fails: test_each_request_takes_one_token, test_retry_after_is_rounded_up

the_buckets: list[TokenBucket] = []


async def get_limited_task(
    clock: Annotated[Clock, Depends(get_clock)],
    task: Annotated[NotificationTask, Depends(get_notification_task)],
) -> NotificationTask:
    if not the_buckets:
        the_buckets.append(TokenBucket(CAPACITY, REFILL_PER_SECOND, clock))
    wait = the_buckets[0].try_take()
    if wait > 0:
        retry = {"Retry-After": str(math.ceil(wait))}
        raise HTTPException(429, "Too many notifications", retry)
    return task
