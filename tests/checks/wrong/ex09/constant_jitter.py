# Each pause is longer by the whole jitter.
# fails: test_a_random_part_is_added_below_the_limit


def pause(policy: RetryPolicy, tried: int) -> float:
    more = policy.jitter
    return min(policy.max_delay, policy.base_delay * 2.0 ** (tried - 1) + more)
