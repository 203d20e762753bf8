# Axis: no clock is read before the first try; the lock is an RLock.

from threading import RLock


class TokenBucket:
    def __init__(
        self, capacity: int, refill_per_second: float, clock: Clock
    ) -> None:
        if capacity < 1 or refill_per_second <= 0:
            raise ValueError("a bucket needs room for a token, and a refill")
        self.capacity, self.rate = capacity, refill_per_second
        self.clock, self.lock = clock, RLock()
        self.tokens, self.updated = float(capacity), -math.inf

    def try_take(self, tokens: int = 1) -> float:
        """Return 0.0, or the seconds until there are enough."""
        with self.lock:
            now = max(self.clock(), self.updated)
            earned = min((now - self.updated) * self.rate, self.capacity)
            self.tokens = min(self.capacity, self.tokens + earned)
            self.updated = now
            if self.tokens < tokens:
                return (tokens - self.tokens) / self.rate
            self.tokens -= tokens
            return 0.0
