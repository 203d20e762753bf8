"""Record an application as it stands, and leave it as it was."""

import contextlib
import functools
from collections.abc import Awaitable, Iterator
from threading import Lock
from typing import Any, ClassVar, Self
from weakref import WeakKeyDictionary, ref

from .recording import App, Recorder


@contextlib.contextmanager
def record(app: Any, keep: int = 100) -> Iterator[Recorder]:
    """Record all requests to a FastAPI or Starlette application, for a while.

    Every way in is seen: a TestClient, a server, a mount. The application's
    attributes and its middleware stay untouched: for as long as it is
    recorded, its class is a subclass that differs in `__call__` alone.
    """
    if not hasattr(app, "build_middleware_stack"):
        raise TypeError(refusal(app))
    with Recorder(None, keep) as recorder:
        layer = Layer.around(app, recorder)
        try:
            yield recorder
        finally:
            layer.leave(app, recorder)


class Layer:
    """The recorders around one application, the first the innermost."""

    lock = Lock()
    of: ClassVar[WeakKeyDictionary[type, Self]] = WeakKeyDictionary()

    def __init__(self, app: Any) -> None:
        self.app = ref(app)
        self.base = type(app)
        self.recorders: list[Recorder] = []

    @classmethod
    def around(cls, app: Any, recorder: Recorder) -> Self:
        """Put one more recorder around an application."""
        with cls.lock:
            layer = cls.of.get(type(app))
            if layer is None or layer.app() is not app:
                layer = cls(app)
                layer.link([recorder])
                try:
                    made = layer.subclass()
                    object.__setattr__(app, "__class__", made)
                except TypeError:
                    raise TypeError(refusal(app)) from None
                cls.of[made] = layer
            else:
                layer.link([*layer.recorders, recorder])
        return layer

    def leave(self, app: Any, recorder: Recorder) -> None:
        """Take a recorder out; after the last the class is the old one.

        Unless somebody has changed it since: that stays.
        """
        with self.lock:
            self.link([one for one in self.recorders if one is not recorder])
            recorder.app = self.below  # a request may be on its way in
            if not self.recorders and self.of.get(type(app)) is self:
                object.__setattr__(app, "__class__", self.base)

    def link(self, recorders: list[Recorder]) -> None:
        """Let each recorder hand its requests to the one before it."""
        below: App = self.below
        for recorder in recorders:
            recorder.app = below
            below = recorder
        self.recorders = recorders

    def below(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        """Call the application; who calls this is being called by it."""
        return self.base.__call__(self.app(), scope, receive, send)  # type: ignore[no-any-return]

    def subclass(self) -> type:
        """Make the class; the application's own is not told of it.

        `__init_subclass__` may register what it is told of: the base comes
        afterwards.
        """
        base, kind = self.base, type(self.base)

        # Servers look at the signature, to know an application by it.
        @functools.wraps(base.__call__)
        async def __call__(  # noqa: N807
            itself: Any, scope: Any, receive: Any, send: Any
        ) -> None:
            recorders = self.recorders
            if recorders and itself is self.app():
                await recorders[-1](scope, receive, send)
            else:  # a copy of the application, or nobody records any more
                await base.__call__(itself, scope, receive, send)

        same = ("__module__", "__qualname__", "__doc__")
        body = {name: getattr(base, name) for name in same}
        body |= {"__slots__": (), "__call__": __call__}
        # `super(self.__class__, self)` would come back to us.
        change = object.__dict__["__class__"].__set__
        body["__class__"] = property(lambda _: base, change)
        made = type.__new__(kind, base.__name__, (Rootless,), body)
        made.__bases__ = (base,)
        return made


class Rootless:
    """Stands in for a base class that is not known yet."""

    __slots__ = ("__dict__", "__weakref__")


def refusal(app: object) -> str:
    """Say why it cannot be recorded, and what can be done."""
    return (
        f"{type(app).__name__} is no FastAPI or Starlette application:"
        " serve Recorder(app) in its place."
    )
