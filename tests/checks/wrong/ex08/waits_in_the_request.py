# Lets the client wait until there is a token.
# fails: test_retry_after_is_rounded_up, test_a_refused_request_starts_no_task


async def get_limited_task(
    bucket: Annotated[TokenBucket, Depends(get_bucket)],
    task: Annotated[NotificationTask, Depends(get_notification_task)],
) -> NotificationTask:
    for _ in range(1000):
        if bucket.try_take() == 0.0:
            break
    return task
