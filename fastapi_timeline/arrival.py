"""A request as it came in, before anything could rewrite it."""

from collections.abc import Mapping
from typing import Any

Scope = Mapping[str, Any]


class Arrival:
    """Its title, and what tells its scope from that of another request.

    An application may change the scope, copy it (deeply, too) or hand on a
    new one made of it. What stays is the `asgi` dictionary, or at least one
    of the headers: a pair of bytes is the same object in every copy.
    """

    def __init__(self, scope: Scope) -> None:
        self.method = str(scope.get("method", "WS"))
        self.path = str(scope.get("path", ""))
        self._query = bytes(scope.get("query_string") or b"")
        self.asgi = scope.get("asgi")
        self.headers = pairs(scope)

    @property
    def query(self) -> str:
        """What stands behind the question mark."""
        return self._query.decode("ascii", "replace")

    def has(self, scope: Scope) -> bool:
        """Tell whether this scope belongs to this request."""
        if self.asgi is not None and scope.get("asgi") is self.asgi:
            return True
        known = {id(pair) for pair in self.headers}
        return any(id(pair) in known for pair in pairs(scope))

    def over(self) -> None:
        """Let go of what belongs to the application."""
        self.asgi, self.headers = None, ()


def pairs(scope: Scope) -> tuple[Any, ...]:
    """Give the headers, unless reading them would use them up."""
    headers = scope.get("headers")
    return tuple(headers) if isinstance(headers, list | tuple) else ()
