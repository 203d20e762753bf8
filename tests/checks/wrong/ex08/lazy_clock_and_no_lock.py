# Two first requests make two buckets; no clock is read meanwhile.
# fails: test_first_requests_at_the_same_time_share_one_bucket


class TokenBucket:
    def __init__(
        self, capacity: int, refill_per_second: float, clock: Clock
    ) -> None:
        if capacity < 1 or refill_per_second <= 0:
            raise ValueError("a bucket needs room for a token, and a refill")
        self.capacity, self.rate = capacity, refill_per_second
        self.clock, self.lock = clock, Lock()
        self.tokens: float = capacity
        self.updated: float | None = None

    def try_take(self, tokens: int = 1) -> float:
        """Return 0.0, or the seconds until there are enough."""
        with self.lock:
            now = self.clock()
            if self.updated is None:
                self.updated = now
            now = max(now, self.updated)
            earned = (now - self.updated) * self.rate
            self.tokens = min(self.capacity, self.tokens + earned)
            self.updated = now
            if self.tokens < tokens:
                return (tokens - self.tokens) / self.rate
            self.tokens -= tokens
            return 0.0


def get_bucket(
    request: Request, clock: Annotated[Clock, Depends(get_clock)]
) -> TokenBucket:
    state = request.app.state
    if not hasattr(state, "bucket"):
        state.bucket = TokenBucket(CAPACITY, REFILL_PER_SECOND, clock)
    bucket: TokenBucket = state.bucket
    return bucket
