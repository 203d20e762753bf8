# Cached by lru_cache, which lets two first calls through.
# fails: test_first_requests_at_the_same_time_add_one_handler

from functools import lru_cache


@lru_cache
def get_logger() -> logging.Logger:
    logger = logging.getLogger(__name__)
    logger.addHandler(logging.StreamHandler())
    logger.setLevel(logging.INFO)
    logger.propagate = False
    return logger
