"""What happens while `watch` waits: a file is saved, a key is pressed."""

import contextlib
import importlib
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from course.grader.exercises import Suite

STEP = 10  # milliseconds without another change after which a save is over
LOOK = 1000  # and after which it looks, whether or not it was told of one
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
        return self.leaving() or any(
            isinstance(each, Saved) for each in self._there()
        )

    def leaving(self) -> bool:
        """See whether the end is waiting."""
        return any(each in QUIT for each in self._there())

    def _there(self) -> list[Event]:
        with self.changed:
            return list(self.waiting)


@contextlib.contextmanager
def saves(suites: list[Suite], events: Events) -> Iterator[None]:
    """Tell of every save while this is open.

    That something happened in the folder is only the reason to look: an
    editor may write in parts, rename, or change nothing that counts.
    """
    stop = threading.Event()
    known = _look(suites)  # before the thread starts: none is missed

    def watch() -> None:
        nonlocal known
        for _ in _wake_up(suites[0].answer.parent, stop):
            found = _look(suites)
            for suite in suites:
                if found[suite.name] != known[suite.name]:
                    events.put(Saved(suite.name))
            known = found

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(2)


def _wake_up(folder: Path, stop: threading.Event) -> Iterator[object]:
    """Say when it is time to look."""
    try:
        watchfiles = importlib.import_module("watchfiles")
        yield from watchfiles.watch(
            folder,
            watch_filter=None,
            step=STEP,
            rust_timeout=LOOK,
            yield_on_timeout=True,
            stop_event=stop,
            raise_interrupt=False,
            recursive=False,
        )
    except Exception as error:  # noqa: BLE001 (whatever it was: look by hand)
        yield error
    while not stop.wait(STEP / 50):
        yield None


def _look(suites: list[Suite]) -> dict[str, object]:
    """Take what changes with every save."""
    found: dict[str, object] = {}
    for suite in suites:
        try:
            stat = suite.answer.stat()
        except OSError:
            found[suite.name] = None
        else:
            found[suite.name] = stat.st_mtime_ns, stat.st_size, stat.st_ino
    return found
