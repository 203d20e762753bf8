# The endpoint returns a 429 with the task on it.
# fails: test_retry_after_is_rounded_up, test_a_refused_request_starts_no_task

from fastapi import Response


async def get_limited_task(
    bucket: Annotated[TokenBucket, Depends(get_bucket)],
    task: Annotated[NotificationTask, Depends(get_notification_task)],
    response: Response,
) -> NotificationTask:
    wait = bucket.try_take()
    if wait > 0:
        response.status_code = 429
        response.headers["Retry-After"] = str(math.ceil(wait))
    return task
