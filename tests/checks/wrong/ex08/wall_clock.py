# By default it goes by the wall clock, which is put right now and then.
# fails: test_without_an_override_the_clock_is_monotonic


def get_clock() -> Clock:
    return time.time
