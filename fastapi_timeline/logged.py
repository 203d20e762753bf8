"""A log record as one line, without asking the application's objects.

The record's own `getMessage()` would call their `__str__`, which may count
calls, read a database or raise: once more than without a recorder.
"""

import logging
import sys
from typing import Any

from .callables import class_name, isinstance_of, plain_code, static
from .words import printable

PLAIN = {str, int, float, bool, bytes, complex, type(None)}
SEVERAL = {tuple, list, set, frozenset, dict}
DEEPEST, LONGEST = 3, 20  # a container that is larger is named by its type
TEXT = 1000  # of a message that is longer, its beginning is kept
LEAST = logging.WARNING


def codes() -> list[Any]:
    """Find where records come by that are given to handlers.

    `callHandlers` is called after levels, `logging.disable` and filters have
    had their say. A class of somebody's own may have its own.
    """
    kinds: set[Any] = {logging.Logger, logging.getLoggerClass()}
    known = list(logging.Logger.manager.loggerDict.values())
    kinds |= {type(one) for one in known if isinstance_of(one, logging.Logger)}
    found = [plain_code(static(kind, "callHandlers")) for kind in kinds]
    return [code for code in found if code is not None]


def line(record: Any) -> str:
    """Say level and message, and the error if the record brings one."""
    level = logging.getLevelName(record.levelno)
    text = message(record.msg, record.args)[: 2 * TEXT]
    text = printable(" ".join(text.split()))[:TEXT]
    info = record.exc_info
    if type(info) is tuple and isinstance_of(info[1], BaseException):
        text += f" ({class_name(type(info[1]))})"
    return f"{level} {text}".strip()


def message(template: object, args: Any) -> str:
    """Put the arguments in, as `logging` does; what does not fit, stays."""
    text = str(safe(template))
    if not args:
        return text
    try:
        if type(args) is dict:
            return text % {key: safe(value) for key, value in args.items()}
        return text % tuple(safe(value) for value in args)
    except Exception:  # noqa: BLE001 (a wrong template, or `%d` of a name)
        return text


def safe(value: Any) -> Any:
    """Give what can be written as it is, or a name in its place."""
    return value if harmless(value) else Named(value)


def harmless(value: Any, depth: int = 0) -> bool:
    """Tell whether writing it runs no code of the application."""
    kind = type(value)
    if kind in PLAIN:
        return True
    if kind in SEVERAL:
        if depth == DEEPEST or len(value) > LONGEST:
            return False
        inside = [*value, *value.values()] if kind is dict else value
        return all(harmless(one, depth + 1) for one in inside)
    if isinstance_of(value, BaseException):
        own = (static(kind, "__str__"), static(kind, "__repr__"))
        args = static(BaseException, "args").__get__(value)
        return not any(map(plain_code, own)) and harmless(args, depth + 1)
    module = type.__dict__["__module__"].__get__(kind)
    return module in HARMLESS and module in sys.stdlib_module_names


HARMLESS = {"datetime", "decimal", "uuid", "pathlib", "ipaddress"}


class Named:
    """Stands in for an object: its class's name."""

    def __init__(self, value: object) -> None:
        self.name = f"<{class_name(type(value))}>"

    def __str__(self) -> str:
        return self.name

    __repr__ = __str__
