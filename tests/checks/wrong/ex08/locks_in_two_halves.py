# Releases the lock between looking and taking.
# fails: test_two_threads_never_get_the_same_token


class TokenBucket:
    def __init__(
        self, capacity: int, refill_per_second: float, clock: Clock
    ) -> None:
        if capacity < 1 or refill_per_second <= 0:
            raise ValueError("a bucket needs room for a token, and a refill")
        self.capacity, self.rate = capacity, refill_per_second
        self.clock, self.lock = clock, Lock()
        self.tokens, self.updated = float(capacity), clock()

    def try_take(self, tokens: int = 1) -> float:
        """Return 0.0, or the seconds until there are enough."""
        with self.lock:
            now = max(self.clock(), self.updated)
            earned = (now - self.updated) * self.rate
            self.tokens = min(self.capacity, self.tokens + earned)
            self.updated = now
            missing = tokens - self.tokens
        if missing > 0:
            return missing / self.rate
        with self.lock:
            self.tokens -= tokens
        return 0.0
