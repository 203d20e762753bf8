# get_clock gives a time, not a clock.
# fails: test_without_an_override_the_clock_is_monotonic


def get_clock() -> Clock:
    return time.monotonic()
