# The random part is a share of the pause, not seconds.
# fails: test_a_random_part_is_added_below_the_limit


def pause(policy: RetryPolicy, tried: int) -> float:
    factor = 1 + random.uniform(0, policy.jitter)
    return min(
        policy.max_delay, policy.base_delay * 2.0 ** (tried - 1) * factor
    )
