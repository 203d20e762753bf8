"""A client that has its response while the background tasks go on.

A TestClient waits for the tasks, so it can't show that the response comes
first. This one talks to the application as a server does, by ASGI messages,
on an event loop in a thread. It returns with the last part of the response;
`client.stream(…)` returns with the first, and gives each when it was sent.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any, NoReturn

import anyio.to_thread
import httpx2
import pytest

from checks.calls import PATIENCE, Call, Message
from checks.stands import lines
from fastapi_timeline import Recorder, record, terminal

TOGETHER = 2.0  # seconds that a response is kept for the others
BRIEFLY = 0.2  # seconds for a loop that may end all the same


class DidNotStartError(Exception):
    """The application's lifespan failed; `__cause__` says how."""


class Server(httpx2.BaseTransport):
    """Serves an application from its first request until it is closed."""

    def __init__(self, app: Any, file: str = "") -> None:
        self.app, self.file = app, file
        self.errors: list[BaseException] = []  # that left the application
        self.responses = 0  # that are complete
        self.did = ""  # the last request
        self.calls: list[int] = []  # when each call of a check's fake began
        self.when_sent: Callable[[], object] = lambda: None
        self.timeline: Recorder | None = None
        self.running: list[Call] = []
        self.hangs = False  # it was said, so nobody waits for it again
        self.together = 0  # so many responses are kept for each other
        self.slow = False  # the next part is sent when one was read
        self._waiting: list[asyncio.Event] = []
        self._state: dict[str, Any] = {}
        self._changed = threading.Condition()
        self._started = threading.Event()
        self._start_error: BaseException | None = None
        self.thread: threading.Thread | None = None
        self._once = threading.Lock()
        self._closing = threading.Event()
        self._stack = ExitStack()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it, and return as soon as the response begins."""
        self._start()
        call = Call(request, self.give_up)
        self.did = call.name
        asyncio.run_coroutine_threadsafe(self._serve(call), self._loop)
        taken = 0  # a large body takes its time: it has to go on
        while not call.begun.wait(PATIENCE):
            if call.taken > taken:
                taken = call.taken
                continue
            self.give_up(
                f"{call.name} was not answered within {PATIENCE:g} s: what"
                " does the endpoint, or one of its dependencies, wait for?"
            )
        return httpx2.Response(call.status, headers=call.headers, stream=call)

    def wait_until_ready(self, number: int, over: Callable[[], bool]) -> None:
        """Wait for so many of the responses that wait for each other."""
        until = time.monotonic() + TOGETHER
        while time.monotonic() < until and self.together and not over():
            if len(self._waiting) >= number:
                return
            time.sleep(0.001)

    def keep_a_thread(self) -> None:
        """Make the last used thread of the pool wait until the end."""
        wait = anyio.to_thread.run_sync(self._closing.wait, PATIENCE)
        asyncio.run_coroutine_threadsafe(wait, self._loop)

    def finish(self, seconds: float) -> None:
        """Wait until the application is done with every request."""
        with self._changed:
            if self._changed.wait_for(lambda: not self.running, seconds):
                return
            names = ", ".join(call.name for call in self.running)
        self.give_up(
            f"After {seconds:g} s these still run: {names}. The response is"
            " there; which task does not end?"
        )

    def close(self) -> None:
        """Stop: the calls first, then the lifespan, then the event loop."""
        thread, self.thread = self.thread, None
        if thread is None:
            return
        try:
            if self._start_error is None and not self.hangs:
                self.finish(PATIENCE)
        finally:
            self._closing.set()
            self._loop.call_soon_threadsafe(self._stopping.set)
            thread.join(BRIEFLY if self.hangs else PATIENCE)
            self._stack.close()
        if thread.is_alive() and not self.hangs:
            pytest.fail(
                f"The event loop did not end within {PATIENCE:g} s: which"
                " task, or which lifespan, blocks it?"
            )

    def give_up(self, message: str) -> NoReturn:
        """Fail, and name the lines of the answer at which it stands."""
        self.hangs = True
        sys.setswitchinterval(1e-4)  # an endless loop leaves us little time
        tasks = asyncio.all_tasks(self._loop)
        found = lines(self.file, tasks) if self.file else []
        stands = f" It stands at {', '.join(found)}." if found else ""
        pytest.fail(message + stands, pytrace=False)

    # --- in the thread of the event loop ------------------------------------

    def _start(self) -> None:
        with self._once:
            if self.thread is None:
                self.timeline = self._stack.enter_context(record(self.app))
                run = threading.Thread(
                    target=lambda: asyncio.run(self._run()), daemon=True
                )
                self.thread = run
                run.start()
        if not self._started.wait(PATIENCE):
            pytest.fail(f"The lifespan did not start in {PATIENCE:g} s.")
        if self._start_error is not None:
            raise DidNotStartError(
                f"The application did not start: {self._start_error!r}"
            ) from self._start_error

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        lifespan = asyncio.create_task(self._lifespan())
        await self._stopping.wait()
        await asyncio.wait([lifespan], timeout=PATIENCE)

    async def _lifespan(self) -> None:
        phases = ["lifespan.shutdown", "lifespan.startup"]

        async def receive() -> Message:
            if len(phases) == 1:
                await self._stopping.wait()
            return {"type": phases.pop()}

        async def send(_message: Message) -> None:
            if _message["type"] == "lifespan.startup.complete":
                self._started.set()

        scope = {"type": "lifespan", "asgi": {}, "state": self._state}
        try:
            await self.app(scope, receive, send)
        except BaseException as exc:  # noqa: BLE001 (a server takes them all)
            self.errors.append(exc)
            if not self._started.is_set():
                self._start_error = exc
        finally:
            self._started.set()

    async def _serve(self, call: Call) -> None:
        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.begin(message)
            elif message["type"] == "http.response.body":
                call.go_on(message.get("body", b""))
                while self.slow and call.unread:  # noqa: ASYNC110 (a thread)
                    await asyncio.sleep(0.001)
                if not message.get("more_body", False):
                    await self._meet()
                    self.responses += 1
                    self.when_sent()
                    call.end()

        scope = {**call.scope, "state": self._state.copy()}
        with self._changed:
            self.running.append(call)
        try:
            await self.app(scope, call.receive, send)
        except BaseException as exc:  # a server takes them all
            self.errors.append(exc)
            if isinstance(exc, asyncio.CancelledError):
                raise
        finally:
            with self._changed:
                self.running.remove(call)
                self._changed.notify_all()
            call.end()

    async def _meet(self) -> None:
        """Keep the response until as many as were asked for are there."""
        if not self.together:
            return
        here = asyncio.Event()
        self._waiting.append(here)
        if len(self._waiting) == self.together:
            self.together = 0
            for each in self._waiting:
                each.set()
            self._waiting.clear()
        waiting = asyncio.create_task(here.wait())
        await asyncio.wait([waiting], timeout=TOGETHER)


class Client(httpx2.Client):
    """httpx2's client, which also knows how the tasks go.

    The application's lifespan runs once, before the first request: set
    `app.dependency_overrides` before it. `file` is the application's, for
    the messages about a request that hangs.
    """

    def __init__(self, app: Any, file: str = "") -> None:
        self.server = Server(app, file)
        self.answered: list[httpx2.Response] = []
        super().__init__(
            transport=self.server,
            base_url="http://testserver",
            event_hooks={"response": [self.answered.append]},
        )

    def finish(self, seconds: float = PATIENCE) -> None:
        """Wait until all tasks are done; fail if they don't end."""
        self.server.finish(seconds)

    def settle(self) -> None:
        """Give what still runs a moment to end."""
        with self.server._changed:  # noqa: SLF001 (its other half)
            self.server._changed.wait_for(  # noqa: SLF001
                lambda: not self.running, BRIEFLY
            )

    def post_together(self, *paths: str) -> list[httpx2.Response]:
        """Post to all at once; see `together`."""
        return self.together(*(partial(self.post, path) for path in paths))

    def together(
        self, *sends: Callable[[], httpx2.Response]
    ) -> list[httpx2.Response]:
        """Send several requests, each when the one before has an answer.

        No response leaves before all are ready, so that every endpoint has
        run before the first task begins.
        """
        self.server.together = len(sends)
        try:
            with ThreadPoolExecutor(len(sends)) as threads:
                sent = []
                for number, send in enumerate(sends, start=1):
                    sent.append(threads.submit(send))
                    self.server.wait_until_ready(number, sent[-1].done)
                return [each.result() for each in sent]
        finally:
            self.server.together = 0

    def loop_seconds(self) -> float:
        """Return for how long the event loop's thread has computed."""

        async def computed() -> float:
            return time.thread_time()

        loop = self.server._loop  # noqa: SLF001 (its other half)
        return asyncio.run_coroutine_threadsafe(computed(), loop).result()

    def when_sent(self, do: Callable[[], object]) -> None:
        """Call it each time when a response is complete, before its tasks."""
        self.server.when_sent = do

    def read_slowly(self) -> None:
        """Make the application wait with each part until it was read."""
        self.server.slow = True

    def use_another_thread(self) -> None:
        """Keep the thread busy in which the pool would run the next call."""
        self.server.keep_a_thread()

    def called(self) -> None:
        """Remember when a check's fake is called, for the order of events."""
        self.server.calls.append(time.perf_counter_ns())

    @property
    def unread(self) -> bool:
        """Whether a part of a response waits to be read."""
        return any(call.unread for call in [*self.server.running])

    @property
    def on_the_loop(self) -> bool:
        """Whether this is the event loop's thread, which answers all."""
        return threading.get_ident() == self.loop_thread

    @property
    def loop_thread(self) -> int | None:
        """The number of the thread in which the application is served."""
        thread = self.server.thread
        return thread.ident if thread else None

    @property
    def did(self) -> str:
        """The last request, as in "POST /welcome/ada@example.com"."""
        return self.server.did

    @property
    def responses(self) -> int:
        """How many responses are complete by now."""
        return self.server.responses

    @property
    def running(self) -> int:
        """How many requests the application still works for."""
        return len(self.server.running)

    @property
    def errors(self) -> list[BaseException]:
        """The exceptions that left the application, the newest last."""
        return self.server.errors

    @property
    def order(self) -> tuple[str, ...]:
        """The last finished request in words: "response sent", and so on."""
        try:
            return self.server.timeline.order if self.server.timeline else ()
        except LookupError:
            return ()

    @property
    def picture(self) -> str:
        """The last finished request, drawn for a terminal of 80 columns."""
        try:
            timeline = self.server.timeline
            return terminal(timeline.last) if timeline else ""
        except LookupError:
            return ""
