"""Loggers that remember, and logging as it was before a check."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any


class Remember(logging.Handler):
    """Keeps each record with what `moment` said when it came."""

    def __init__(self, moment: Callable[[], int]) -> None:
        super().__init__()
        self.moment = moment
        self.kept: list[tuple[int, logging.LogRecord]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.kept.append((self.moment(), record))

    @property
    def records(self) -> list[logging.LogRecord]:
        """What was logged, the oldest first."""
        return [record for _, record in self.kept]

    def that_say(self, word: str) -> list[str]:
        """Return the messages with this word, in any case of letters."""
        messages = [record.getMessage() for record in self.records]
        return [text for text in messages if word in text.lower()]


def logger_for(handler: logging.Handler) -> logging.Logger:
    """Make a real logger that nobody else knows, at any level."""
    logger = logging.Logger("a check's logger")  # noqa: LOG001 (nobody's)
    logger.addHandler(handler)
    return logger


def handlers(logger: logging.Logger) -> int:
    """Count what writes a record of this logger: those of its parents too."""
    count = 0
    each: logging.Logger | None = logger
    while each is not None:
        count += len(each.handlers)
        each = each.parent if each.propagate else None
    return count


@contextlib.contextmanager
def remembered_records() -> Iterator[list[logging.LogRecord]]:
    """Remember every record of every logger."""
    made: list[logging.LogRecord] = []
    factory = logging.getLogRecordFactory()

    def make(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = factory(*args, **kwargs)
        made.append(record)
        return record

    logging.setLogRecordFactory(make)
    try:
        yield made
    finally:
        logging.setLogRecordFactory(factory)


@contextlib.contextmanager
def logging_kept_apart() -> Iterator[None]:
    """Undo, after a check, all that an answer has set up for logging.

    Loggers outlive the module that asked for them: without this, a handler
    of one check would print in the next.
    """
    root, manager = logging.getLogger(), logging.Logger.manager
    known = dict(manager.loggerDict)
    loggers = [e for e in known.values() if isinstance(e, logging.Logger)]
    before = [(each, vars(each).copy()) for each in [root, *loggers]]
    handlers = {id(each): list(each.handlers) for each, _ in before}
    disable = manager.disable
    try:
        yield
    finally:
        manager.loggerDict.clear()
        manager.loggerDict.update(known)
        for each, values in before:
            vars(each).update(values)
            each.handlers[:] = handlers[id(each)]
        manager.disable = disable
        manager._clear_cache()  # type: ignore[attr-defined]  # noqa: SLF001


@contextlib.contextmanager
def without_pytests_handlers() -> Iterator[None]:
    """Take pytest's handlers off the root logger for a while.

    While it has any, `logging.basicConfig` does nothing.
    """
    root = logging.getLogger()
    theirs = [h for h in root.handlers if h.__module__ == "_pytest.logging"]
    for handler in theirs:
        root.removeHandler(handler)
    try:
        yield
    finally:
        for handler in theirs:
            root.addHandler(handler)
