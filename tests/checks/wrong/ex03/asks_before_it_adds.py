# Looks for a handler and adds one: two first requests both find none.
# fails: test_first_requests_at_the_same_time_add_one_handler


def get_logger() -> logging.Logger:
    logger = logging.getLogger(__name__)
    if not logger.handlers:
        logger.addHandler(logging.StreamHandler())
        logger.setLevel(logging.INFO)
        logger.propagate = False
    return logger
