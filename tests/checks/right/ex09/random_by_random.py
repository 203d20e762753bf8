# Axis: random.random() times the jitter; Retry as a match.


def pause(policy: RetryPolicy, tried: int) -> float:
    more = random.random() * policy.jitter  # noqa: S311 (no secret)
    return min(policy.max_delay, policy.base_delay * 2.0 ** (tried - 1) + more)
