# Each thread of the pool has a bucket of its own.
# fails: test_a_refused_request_starts_no_task
from threading import local

of_this_thread = local()


def get_bucket(clock: Annotated[Clock, Depends(get_clock)]) -> TokenBucket:
    if not hasattr(of_this_thread, "bucket"):
        of_this_thread.bucket = TokenBucket(CAPACITY, REFILL_PER_SECOND, clock)
    return of_this_thread.bucket
