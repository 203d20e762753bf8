# Takes the tokens first, and gives none back.
# fails: test_a_refusal_takes_nothing, test_tokens_come_back_bit_by_bit, test_the_bucket_goes_by_the_clock_that_is_provided


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
            self.tokens -= tokens
            if self.tokens < 0:
                return -self.tokens / self.rate
            return 0.0
