# When the clock goes back, everybody waits so much longer.
# fails: test_a_clock_that_goes_back_changes_nothing


class TokenBucket:
    def __init__(
        self, capacity: int, refill_per_second: float, clock: Clock
    ) -> None:
        if capacity < 1 or refill_per_second <= 0:
            raise ValueError("a bucket needs room for a token, and a refill")
        self.each = 1 / refill_per_second
        self.room = capacity * self.each
        self.clock, self.lock = clock, Lock()
        self.full_at = clock()

    def try_take(self, tokens: int = 1) -> float:
        """Return 0.0, or the seconds until there are enough."""
        with self.lock:
            now = self.clock()
            full_at = max(self.full_at, now) + tokens * self.each
            wait = full_at - now - self.room
            if wait > 0:
                return wait
            self.full_at = full_at
            return 0.0
