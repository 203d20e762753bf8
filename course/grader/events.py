"""What happens while `watch` waits: a file is saved, a key is pressed."""

import contextlib
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from course.grader.exercises import Suite

PAUSE = 0.015  # seconds between two looks at the files
TICK = 0.5  # seconds; Windows hears Ctrl-C only in between
QUIT = {"q", "\x03", "\x04"}  # Ctrl-C and Ctrl-D, where they come as keys


@dataclass(frozen=True)
class Saved:
    """An answer has another text, or has gone."""

    name: str  # ex05_own_session


Event = Saved | str  # a key is a letter


class Events:
    """Saves and keys, in the order in which they come, from two threads."""

    def __init__(self) -> None:
        self.waiting: deque[Event] = deque()
        self.changed = threading.Condition()

    def put(self, event: Event) -> None:
        """Add one."""
        with self.changed:
            if event not in self.waiting:  # one save says what many would
                self.waiting.append(event)
            self.changed.notify()

    def __iter__(self) -> Iterator[Event]:
        """Wait for one after the other, for ever."""
        while True:
            with self.changed:
                while not self.waiting:
                    self.changed.wait(TICK)
                event = self.waiting.popleft()
            yield event

    def pressing(self) -> bool:
        """See whether a save is waiting, or the end."""
        with self.changed:
            return any(
                isinstance(each, Saved) or each in QUIT
                for each in self.waiting
            )


@contextlib.contextmanager
def saves(suites: list[Suite], events: Events) -> Iterator[None]:
    """Tell of every save while this is open.

    It looks at the few files again and again, since no system tells of each
    way in which an editor may save: in parts, by a rename, on another host.
    """
    stop = threading.Event()
    told = {suite.name: _state(suite) for suite in suites}
    seen = told.copy()

    def watch() -> None:
        while not stop.wait(PAUSE):
            for suite in suites:
                name, state = suite.name, _state(suite)
                if told[name] != state == seen[name]:  # no more is written
                    told[name] = state
                    events.put(Saved(name))
                seen[name] = state

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(2)


def _state(suite: Suite) -> tuple[int, ...]:
    """Take what changes with every save; nothing, if there is no file."""
    try:
        stat = suite.answer.stat()
    except OSError:
        return ()
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
