"""Send what an answer prints to a file, and say where an answer stands."""

import faulthandler
import os
import sys
from pathlib import Path

PRINTED = 1 << 20  # bytes that a check may print
SHOWN = 1 << 14  # bytes of it that are kept


def redirect(file: Path) -> None:
    """Send all output to a file; there is nothing to read."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    printed = os.open(file, flags, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, descriptors in ((nothing, [0]), (printed, [1, 2])):
        for descriptor in descriptors:
            os.dup2(source, descriptor)
        os.close(source)
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        stream = open(  # noqa: SIM115 (open as long as the process lives)
            descriptor,
            "w",
            buffering=1,
            encoding="utf-8",
            errors="backslashreplace",
            closefd=False,
        )
        setattr(sys, name, stream)


def say_where_it_stands(file: Path, deadline: float) -> None:
    """Write all stacks to a file just before the deadline, or in a crash."""
    stood = file.open("wb")  # open as long as the process lives
    faulthandler.enable(file=stood)
    early = max(deadline * 0.9, deadline - 0.5)
    faulthandler.dump_traceback_later(early, file=stood)


def head(file: Path) -> str:
    """Return the beginning of a text file; nothing, if there is none."""
    try:
        with file.open("rb") as opened:
            return opened.read(SHOWN).decode("utf-8", "replace")
    except OSError:
        return ""


def size(file: Path) -> int:
    """Return how long a file is; 0 if there is none."""
    try:
        return file.stat().st_size
    except OSError:
        return 0
