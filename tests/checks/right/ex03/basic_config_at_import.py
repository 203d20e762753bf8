# Axis: basicConfig at import.

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")


def get_logger() -> logging.Logger:
    return logging.getLogger(__name__)
