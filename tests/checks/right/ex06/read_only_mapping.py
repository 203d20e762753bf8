# Axis: a read-only mapping, and a list of a class of its own.

from types import MappingProxyType


class Order(list):
    """Keeps events."""


PREDICTIONS["streaming"] = Order(PREDICTIONS["streaming"])
globals()["PREDICTIONS"] = MappingProxyType(PREDICTIONS)
