# Takes the larger of pause and limit.
# fails: test_the_pauses_double_up_to_the_limit, test_a_random_part_is_added_below_the_limit


def pause(policy: RetryPolicy, tried: int) -> float:
    more = random.uniform(0, policy.jitter)  # noqa: S311 (no secret)
    return max(policy.max_delay, policy.base_delay * 2.0 ** (tried - 1) + more)
