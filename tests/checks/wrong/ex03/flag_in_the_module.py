# A flag of the module is looked at and set in two steps.
# fails: test_first_requests_at_the_same_time_add_one_handler

ready = False


def get_logger() -> logging.Logger:
    global ready
    logger = logging.getLogger(__name__)
    if not ready:
        ready = True
        logger.addHandler(logging.StreamHandler())
        logger.setLevel(logging.INFO)
        logger.propagate = False
    return logger
