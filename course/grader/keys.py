"""Single keys, without Enter, while the terminal lets us."""

import contextlib
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator

Put = Callable[[str], object]


def there() -> bool:
    """See whether somebody sits there who can press a key."""
    try:
        seen = sys.stdin.isatty() and sys.stdout.isatty()
    except (AttributeError, ValueError):  # closed, or none at all
        return False
    return seen and _in_front()


if sys.platform == "win32":
    import msvcrt

    def _in_front() -> bool:
        return True

    @contextlib.contextmanager
    def pressed(put: Put) -> Iterator[None]:
        """Tell of each key that is pressed while this is open."""

        def read() -> None:
            while True:
                key = msvcrt.getwch()
                if key in "\x00\xe0":  # an arrow or so: two in one
                    msvcrt.getwch()
                else:
                    put(key.lower())

        threading.Thread(target=read, daemon=True).start()
        yield

else:
    import termios
    import tty

    # what an arrow or so sends
    ARROWS = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?")

    def _in_front() -> bool:
        try:
            return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
        except OSError:
            return False

    @contextlib.contextmanager
    def pressed(put: Put) -> Iterator[None]:
        """Tell of each key that is pressed while this is open.

        Ctrl-C stays what it is. The terminal is given back as it was,
        whatever ends this, and taken again after Ctrl-Z and `fg`.
        """
        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)

        def take(_number: int = 0, _frame: object = None) -> None:
            if _in_front():
                tty.setcbreak(terminal, termios.TCSADRAIN)

        def read() -> None:
            with contextlib.suppress(OSError):
                while typed := os.read(terminal, 64):
                    letters = ARROWS.sub(b"", typed)
                    for key in letters.decode("utf-8", "replace"):
                        put(key.lower())
            put("q")  # the terminal has gone

        kept = signal.signal(signal.SIGCONT, take)
        threading.Thread(target=read, daemon=True).start()
        try:
            take()
            yield
        finally:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(terminal, termios.TCSADRAIN, before)
            signal.signal(signal.SIGCONT, kept)
