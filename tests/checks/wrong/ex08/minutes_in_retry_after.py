# Tells minutes in Retry-After.
# fails: test_retry_after_is_rounded_up, test_a_refused_request_starts_no_task


async def get_limited_task(
    bucket: Annotated[TokenBucket, Depends(get_bucket)],
    task: Annotated[NotificationTask, Depends(get_notification_task)],
) -> NotificationTask:
    wait = bucket.try_take()
    if wait > 0:
        retry = {"Retry-After": str(math.ceil(wait / 60))}
        raise HTTPException(429, "Too many notifications", retry)
    return task
