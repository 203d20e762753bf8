"""Stop one thread in the middle of a call while another makes it too.

Threads that simply start together prove nothing about a lock: each call is
over before the next thread has its turn. So one thread is stopped, and not by
chance: at its first step, then at its second, and so on to its last.
"""

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

HOLD = 5.0  # seconds after which a call that does not end is given up
BLOCKED = 0.001  # the other one is inside: if it is not through, it waits


class Turns:
    """Two threads that make the same call; the first stops at one step.

    A step is one instruction of Python in the code of `file`. `results` has
    what the calls returned, or raised. If the first thread's call has fewer
    steps than that, `stopped` is False and there was no second one.
    """

    def __init__(
        self, call: Callable[[], Any], file: str | None, stop: int
    ) -> None:
        self.call, self.file, self.stop = call, file, stop
        self.results: list[Any] = []
        self.steps = 0
        self.inside, self.through = threading.Event(), threading.Event()
        self.other = threading.Thread(target=self._pass, daemon=True)
        one = threading.Thread(target=self._go, daemon=True)
        one.start()
        one.join(HOLD)
        if self.stopped:
            self.other.join(HOLD)
        self.ended = not one.is_alive() and not self.other.is_alive()

    @property
    def stopped(self) -> bool:
        """Whether the call came as far as that."""
        return self.steps >= self.stop

    def _go(self) -> None:
        sys._getframe().f_trace_opcodes = True  # noqa: SLF001 (3.12 needs it)
        sys.settrace(self._step)
        try:
            self._call()
        finally:
            sys.settrace(None)

    def _pass(self) -> None:
        self.inside.set()
        self._call()
        self.through.set()

    def _call(self) -> None:
        try:
            self.results.append(self.call())
        except Exception as exc:  # noqa: BLE001 (it is a result too)
            self.results.append(exc)

    def _step(self, frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_filename != self.file:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            self.steps += 1
            if self.steps == self.stop:
                self.other.start()
                self.inside.wait(HOLD)
                self.through.wait(BLOCKED)
        return self._step
