# The limit runs the work, before the response.
# fails: test_each_request_takes_one_token, test_an_invalid_address_starts_nothing


async def get_limited_task(
    bucket: Annotated[TokenBucket, Depends(get_bucket)],
    task: Annotated[NotificationTask, Depends(get_notification_task)],
) -> NotificationTask:
    wait = bucket.try_take()
    if wait > 0:
        retry = {"Retry-After": str(math.ceil(wait))}
        raise HTTPException(429, "Too many notifications", retry)
    task("ada@example.com", "Hello!")
    return lambda email, message: None
