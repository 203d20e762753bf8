"""Start-up: make what a process needs (stands in for the real file)."""

import logging

from stages.s06_at_work.database import Base, get_session_factory
from stages.s06_at_work.settings import DATA


def prepare() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    DATA.mkdir(exist_ok=True)
    Base.metadata.create_all(get_session_factory().kw["bind"])
