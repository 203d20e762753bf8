# Makes the bucket when the module is imported.
# fails: test_the_bucket_goes_by_the_clock_that_is_provided

the_bucket = TokenBucket(CAPACITY, REFILL_PER_SECOND, time.monotonic)


def get_bucket() -> TokenBucket:
    return the_bucket
