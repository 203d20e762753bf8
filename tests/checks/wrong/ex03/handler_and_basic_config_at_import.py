# A handler on the logger and one on the root, made at import: each line twice.
# fails: test_each_line_appears_once

logging.basicConfig(level=logging.INFO)


def get_logger():
    logger = logging.getLogger(__name__)
    logger.setLevel(logging.INFO)
    if not logger.handlers:
        logger.addHandler(logging.StreamHandler())
    return logger
