# Lets a request pass that would wait for less than a second.
# fails: test_retry_after_is_rounded_up


async def get_limited_task(
    bucket: Annotated[TokenBucket, Depends(get_bucket)],
    task: Annotated[NotificationTask, Depends(get_notification_task)],
) -> NotificationTask:
    wait = bucket.try_take()
    if wait > 1:
        retry = {"Retry-After": str(math.ceil(wait))}
        raise HTTPException(429, "Too many notifications", retry)
    return task
