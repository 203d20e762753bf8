"""What one process does for tasks, appended to a file of its own."""

import json
import os
import platform
import sys
import time
from contextlib import suppress
from pathlib import Path
from time import perf_counter_ns
from typing import Any

FORMAT = 1
LIMIT = 50_000  # lines of one process


class Journal:
    """Appends lines of JSON; whatever goes wrong here stays here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pid = self.lines = 0
        self.file = -1
        self.over = False

    def write(self, at: int, what: str, **more: Any) -> None:
        """Append one line: what happened at this `perf_counter_ns()`."""
        if self.over:
            return
        try:
            if self.pid != os.getpid():  # the first line, or after a fork
                self._open()
            self.lines += 1
            self.over = self.lines >= LIMIT
            if self.over:
                what, more = "full", {}
            append(self.file, {"at": at, "what": what, **more})
        except Exception as exc:  # noqa: BLE001 (a picture, not a task)
            self.over = True
            with suppress(Exception):
                text = f"no task of this process is followed ({exc})"
                print(f"timeline: {text}", file=sys.stderr)

    def _open(self) -> None:
        """Open a file; two threads at once may open two, which does no harm.

        A lock would: a fork in the middle of it could never be released.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{platform.node()}-{os.getpid()}-{time.time_ns()}.jsonl"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        file = os.open(self.folder / name, flags, 0o600)
        append(
            file,
            {
                "at": perf_counter_ns(),
                "what": "process",
                "format": FORMAT,
                "host": platform.node(),
                "pid": os.getpid(),
                "clock": clock(),
                "started": state(os.getpid())[1],
                "program": program(),
            },
        )
        self.file, self.lines = file, 0
        self.pid = os.getpid()  # last: who reads it finds the rest


def append(file: int, line: dict[str, Any]) -> None:
    """Write a line at once, with the time of day beside its own."""
    line["wall"] = time.time_ns() - perf_counter_ns() + line["at"]
    os.write(file, json.dumps(line).encode() + b"\n")


def clock() -> str:
    """Name what `perf_counter_ns` reads: one clock for all of a boot."""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii")
        shifted = Path("/proc/self/timens_offsets").read_text("ascii")
        return " ".join([*boot.split(), *shifted.split()])
    return platform.node()


def state(pid: int) -> tuple[str, str]:
    """Give a process's state, and when it was started; "" if not known.

    Its number alone does not name it: a busy machine soon gives it away again.
    """
    with suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        words = stat.rpartition(")")[2].split()
        return words[0], words[19]
    return "", ""


def program() -> str:
    """Name what runs here; its arguments may be secret."""
    words = sys.orig_argv[1:]
    while words and words[0].startswith("-") and words[0] not in {"-m", "-c"}:
        del words[: 2 if words[0] in {"-W", "-X"} else 1]
    if words[:1] == ["-m"]:
        return " ".join(["python", *words[:2]])
    return Path(words[0]).name if words and words[0] != "-c" else "python"
