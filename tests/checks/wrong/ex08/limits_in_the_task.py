# Says 202, and drops the notification in the task.
# fails: test_each_request_takes_one_token, test_retry_after_is_rounded_up, test_a_refused_request_starts_no_task


async def get_limited_task(
    bucket: Annotated[TokenBucket, Depends(get_bucket)],
    task: Annotated[NotificationTask, Depends(get_notification_task)],
) -> NotificationTask:
    def limited(email: str, message: str) -> None:
        if bucket.try_take() == 0.0:
            task(email, message)

    return limited
