# Looks at the bucket's fields, which another bucket need not have.
# fails: test_each_request_takes_one_token, test_retry_after_is_rounded_up, test_an_invalid_address_starts_nothing, test_without_an_override_the_clock_is_monotonic


async def get_limited_task(
    bucket: Annotated[TokenBucket, Depends(get_bucket)],
    task: Annotated[NotificationTask, Depends(get_notification_task)],
) -> NotificationTask:
    wait = bucket.try_take() if bucket.tokens < 1 else bucket.try_take(1)
    if wait > 0:
        retry = {"Retry-After": str(math.ceil(wait))}
        raise HTTPException(429, "Too many notifications", retry)
    return task
