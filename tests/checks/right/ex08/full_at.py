# Axis: one number, the time at which it is full again (GCRA); a `def` provider with a lock; a generator that refuses.

from collections.abc import Iterator
from threading import RLock


class TokenBucket:
    def __init__(self, capacity, refill_per_second, clock):
        if not (capacity >= 1 and refill_per_second > 0):
            raise ValueError(f"no bucket: {capacity}, {refill_per_second}")
        self._each = 1 / refill_per_second
        self._room = capacity * self._each
        self._clock = clock
        self._latest = self._full_at = clock()
        self._guard = RLock()

    def try_take(self, tokens=1):
        self._guard.acquire()
        try:
            self._latest = now = max(self._latest, self._clock())
            full_at = max(self._full_at, now) + tokens * self._each
            wait = full_at - now - self._room
            if wait <= 0:
                self._full_at = full_at
            return max(wait, 0.0)
        finally:
            self._guard.release()


made: dict[str, TokenBucket] = {}
making = RLock()


def get_bucket(clock: Annotated[Clock, Depends(get_clock)]) -> TokenBucket:
    with making:
        if "bucket" not in made:
            made["bucket"] = TokenBucket(CAPACITY, REFILL_PER_SECOND, clock)
    return made["bucket"]


def get_limited_task(
    bucket: Annotated[TokenBucket, Depends(get_bucket)],
    task: Annotated[NotificationTask, Depends(get_notification_task)],
) -> Iterator[NotificationTask]:
    if wait := bucket.try_take(tokens=1):
        seconds = max(1, -int(-wait // 1))
        raise HTTPException(429, headers={"retry-after": str(seconds)})
    yield task
