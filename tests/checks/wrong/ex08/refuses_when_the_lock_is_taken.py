# Who does not get the lock at once is refused, although there are tokens.
# fails: test_two_threads_never_get_the_same_token


class TokenBucket:
    def __init__(
        self, capacity: int, refill_per_second: float, clock: Clock
    ) -> None:
        if capacity < 1 or refill_per_second <= 0:
            raise ValueError("no")
        self.capacity, self.rate = capacity, refill_per_second
        self.clock, self.lock = clock, Lock()
        self.tokens, self.updated = float(capacity), clock()

    def try_take(self, tokens: int = 1) -> float:
        if not self.lock.acquire(blocking=False):
            return 1 / self.rate
        try:
            now = max(self.clock(), self.updated)
            self.tokens = min(
                self.capacity, self.tokens + (now - self.updated) * self.rate
            )
            self.updated = now
            if self.tokens < tokens:
                return (tokens - self.tokens) / self.rate
            self.tokens -= tokens
            return 0.0
        finally:
            self.lock.release()
