"""Record what happens when, from outside, while requests are served.

Three code objects of the framework tell what is about to be called:
`solve_dependencies` (entered once for each dependency of a request, with the
override already chosen, and left just before the call), and Starlette's
`BackgroundTask.__init__` and `__call__`. What they name is watched in turn.
"""

import contextlib
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter_ns
from types import CodeType, MethodType, TracebackType
from typing import Any, Self

from .arrival import Arrival
from .asides import STARTS
from .callables import error_name
from .framework import STARTING, framework, has_lifespan
from .live import Live, Plans
from .logged import codes as log_codes
from .notes import Notes
from .shelf import Shelf
from .surroundings import Surroundings
from .watch import CURRENT, make_watcher

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

CUT = (
    "The recorder was switched off before this request was over: what"
    " happened after that is not in the picture."
)

APART = (
    "Something in this application runs requests in a context of its own"
    " (contextvars): what was called there is not in the picture."
)

WATCHER = make_watcher()


class Recorder(Shelf):
    """An ASGI application around another one; keeps the last recordings.

    It watches while it is `on`, which it is from the start; off, it hands
    every request straight through. `keep` recordings are kept, of `limit`
    events each, and of no more than `at_once` requests that run at the same
    time: how many more there were, `skipped` says.
    """

    live = Live  # who takes the notes of one request

    def __init__(
        self,
        app: App | None,
        keep: int = 100,
        limit: int = 2000,
        at_once: int = 200,
    ) -> None:
        super().__init__(keep)
        self.app = app
        self.limit, self.at_once = limit, at_once
        self.lost = ""  # why something cannot be seen, if so
        self.skipped = 0
        # When its lifespan began to start it, and when it had.
        self.startup: tuple[int, int] | None = None
        self._said = ""
        self.watch: Callable[[CodeType], None] = WATCHER.watch
        self._forget()
        self.blind, self.stretches = WATCHER.blind, WATCHER.stretches
        self._release: Callable[[], object] | None = None
        self.on = True

    @property
    def on(self) -> bool:
        """Whether it watches; set it to begin or to end that."""
        return self._release is not None

    @on.setter
    def on(self, wanted: bool) -> None:
        if wanted and self._release is None:
            try:
                self._release = bool  # what the server is told can be seen
                self._release = WATCHER.use(self)
                codes, missing = framework()
                self.lost = self.lost or missing
                for code, name in codes:
                    self.roles[id(code)] = name
                    WATCHER.watch(code, start_only=name in STARTING)
                starts = STARTS | dict.fromkeys(log_codes(), "log")
                for code, name in starts.items():
                    self.roles[id(code)] = name
                    WATCHER.watch(code, start_only=True)
            except Exception as exc:  # noqa: BLE001 (a picture, not a request)
                self.lost = self.give_up(exc)
        elif not wanted and self._release is not None:
            release, self._release = self._release, None
            self._forget()
            try:
                release()
            except Exception as exc:  # noqa: BLE001
                self.lost = self.give_up(exc)

    def _forget(self) -> None:
        """Hold nothing of the application; a request that runs keeps its own.

        What is known is watched anew when the recorder is on again.
        """
        self.plans: Plans = {}
        self.roles: dict[int, str] = {}
        self.surroundings = Surroundings(WATCHER.watch, self.roles)
        self._read: object = None  # the application, when that was read

    def __enter__(self) -> Self:
        self.on = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.on = False

    def give_up(self, exc: BaseException, live: Live | None = None) -> str:
        """Say once what went wrong in here; the request goes on."""
        text = error_name(exc)
        with contextlib.suppress(Exception):  # its own words may fail, too
            text += f": {exc}"
        text = f"The recorder failed ({text})"
        text += "; what happened after that is not in the picture."
        if live is not None:
            live.closed, live.lost = True, text
        if text != self._said:
            self._said = text
            with contextlib.suppress(Exception):
                print(f"timeline: {text}", file=sys.stderr)
        return text

    # --- while serving ------------------------------------------------------

    async def __call__(
        self, scope: MutableMapping[str, Any], receive: Receive, send: Send
    ) -> None:
        """Serve a request, and take notes of it."""
        app = self.app
        if app is None:
            message = "This recorder has no application yet."
            raise RuntimeError(message)
        live = self._begin(scope) if self._release else None
        if live is None:
            if scope.get("type") == "lifespan":
                send = self._starting(scope, send)
            await app(scope, receive, send)
            return
        token = CURRENT.set(live)

        async def receive_() -> Message:
            message = await receive()
            if not live.closed:
                self._hear(live, live.received, message)
            return message

        async def send_(message: Message) -> None:
            await send(message)
            if not live.closed:
                self._sent(live, message)

        try:
            await app(scope, receive_, send_)
        except BaseException as exc:
            self._hear(live, live.failed, exc)
            raise
        finally:
            try:  # noqa: SIM105 (`suppress` costs each request more)
                CURRENT.reset(token)
            except ValueError:
                pass  # closed from elsewhere
            self._end(live)

    def _starting(self, scope: Message, send: Send) -> Send:
        """Take the time of the lifespan's startup."""
        began = perf_counter_ns()

        async def send_(message: Message) -> None:
            await send(message)
            complete = message.get("type") == "lifespan.startup.complete"
            if complete and has_lifespan(scope.get("app")):
                self.startup = began, perf_counter_ns()

        return send_

    def _begin(self, scope: MutableMapping[str, Any]) -> Live | None:
        """Take notes, unless it is no request or somebody else does."""
        try:
            if scope.get("type") not in {"http", "websocket"}:
                return None
            outer = CURRENT.get()
            if isinstance(outer, Live) and outer.arrival.has(scope):
                self._join(outer)
                return None
            if self.running >= self.at_once:
                self.skipped += 1
                return None
            if self._read is not self.app:
                self._read = self.app
                if not isinstance(self.app, MethodType | Recorder):
                    self.surroundings.read_outer(self.app)
            live = self.live(self, self.limit)
            live.startup = self.startup
            live.arrival = Arrival(scope)
            live.lost = WATCHER.enter_thread()
        except Exception as exc:  # noqa: BLE001
            blank = Notes(self.limit)
            blank.lost = self.give_up(exc)
            self.open(blank)
            self.put(blank)
            return None
        self._join(live)
        return live

    def _join(self, live: Live) -> None:
        """Be given this recording too: a request is one picture."""
        if self not in live.shelves:
            live.shelves.append(self)
            self.open(live)

    def _sent(self, live: Live, message: Message) -> None:
        self._hear(live, live.sent, message)
        if CURRENT.get() is None:
            live.lost = live.lost or APART

    def _hear(
        self, live: Live, hear: Callable[[Any], None], what: object
    ) -> None:
        try:
            hear(what)
        except Exception as exc:  # noqa: BLE001
            self.give_up(exc, live)

    def _end(self, live: Live) -> None:
        for step in (live.finish, WATCHER.leave_thread, live.arrival.over):
            try:
                step()
            except Exception as exc:  # noqa: BLE001
                self.give_up(exc, live)
        cut = "" if WATCHER.users else CUT
        live.lost = self.lost or live.lost or cut
        shelves, live.shelves = live.shelves, []
        for shelf in shelves:
            shelf.put(live)
