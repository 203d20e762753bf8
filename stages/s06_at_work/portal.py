"""Call an `async` function from any thread: a request's, a script's, a task's.

It runs in one event loop of this process, as an engine's connections do.
"""

import atexit
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from threading import Lock

from anyio.from_thread import BlockingPortal, start_blocking_portal

lock, portals = Lock(), list[BlockingPortal]()
stack = ExitStack()
atexit.register(stack.close)


def run_async(
    function: Callable[..., Awaitable[object]], *arguments: object
) -> None:
    with lock:  # two threads would start two
        if not portals:
            portals.append(stack.enter_context(start_blocking_portal()))
    portals[0].call(function, *arguments)


def close_at_exit(function: Callable[[], Awaitable[object]]) -> None:
    """Call it when the process ends, in the loop, if there is one by then."""
    atexit.register(lambda: [portal.call(function) for portal in portals])
