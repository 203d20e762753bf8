"""What a worker's process needs where its engine does not have it."""

import faulthandler
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from stages.s06_at_work.errors import TaskError


def end_with_parent(*_: object) -> None:
    """Call it in a child: nothing else tells it of its parent's kill -9."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=watch, daemon=True).start()


def let_forks_end_with_parent() -> None:
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=end_with_parent)


def time_is_up(*_: object) -> None:
    raise TaskError("the time limit is over")  # no OSError: smtplib hides it


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """End a task that hangs: only the main thread can be ended so.

    If it hangs where no exception can be raised, its process ends, with a
    traceback in the log.
    """
    signal.signal(signal.SIGALRM, time_is_up)
    signal.alarm(seconds)
    faulthandler.dump_traceback_later(seconds + 10, exit=True)
    try:
        yield
    finally:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()
