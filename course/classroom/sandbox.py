"""Grade one submission in bubblewrap: it reads the course, and no more.

It has a /tmp of its own, no network, its own process numbers, and limits on
time, memory, processes, disk and output.
"""

import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psutil

from course.folders import ROOT

Result = dict[str, Any]  # of an exercise, as `grade --json` gives it
ROOMS = (
    *("checks", "course", "exercises", "fastapi_timeline", "solutions"),
    *("stages", "locks", "pyproject.toml", "start.py"),
)
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
ETC = (
    *("alternatives", "group", "host.conf", "hosts", "ld.so.cache", "ssl"),
    *("localtime", "mime.types", "nsswitch.conf", "passwd", "services"),
)
FIRST_UID = 61_000  # nobody's: where root grades, each sandbox has its own
TICK = 0.2  # seconds between two looks at a sandbox


class NoSandboxError(Exception):
    """Bubblewrap can't be used here; the text says why."""


def grader(target: str, checks: Path, names: Sequence[str]) -> list[str]:
    """Return the command that grades: all that is known of the grader."""
    words = [f"--target={target}", f"--checks={checks}", "--json=-"]
    return [sys.executable, "-m", "course.grader", *words, *names]


def settled(result: Any) -> bool:
    """Whether it is there, and judges the answer and nothing else."""
    return isinstance(result, dict) and not any(
        check.get("fault") in {"this machine", "our bug"}
        for check in result["checks"]
    )


@dataclass
class Sandbox:
    """Where submissions are graded, several of them beside each other."""

    checks: Path
    at_once: int = 1
    trusted: bool = False  # then there is no sandbox
    start: float = 120  # seconds that grading may take,
    each: float = 120  # and for each exercise
    memory: int = 4 << 30  # bytes
    disk: int = 256 << 20  # of memory, too
    output: int = 64 << 20  # in one file
    processes: int = 512  # and threads
    slots: "queue.SimpleQueue[int]" = field(default_factory=queue.SimpleQueue)
    stopped: bool = False

    def __post_init__(self) -> None:
        for slot in range(self.at_once):
            self.slots.put(slot)

    def try_it(self) -> None:
        """Raise an error that says why bubblewrap can't be used."""
        if self.trusted:
            return
        if not shutil.which("bwrap"):
            raise NoSandboxError("There is no bubblewrap here.")
        with tempfile.TemporaryDirectory() as folder:
            command = self._wrapped(Path(folder), 0, ["true"])
            done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip()
            raise NoSandboxError(f"Bubblewrap does not work here: {said}")

    def grade(
        self, answers: dict[str, bytes], names: Sequence[str]
    ) -> dict[str, Any]:
        """Grade these exercises; return the results by name.

        A result that blames the machine, or another exercise perhaps, is
        made once more, alone. Where there is none, the reason stands for it.
        """
        slot = self.slots.get()
        try:
            results = self._run(answers, names, slot)
            for name in names:
                if len(names) > 1 and not settled(results[name]):
                    results |= self._run(answers, [name], slot)
        finally:
            self.slots.put(slot)
        return results

    def _run(
        self, answers: dict[str, bytes], names: Sequence[str], slot: int
    ) -> dict[str, Any]:
        with tempfile.TemporaryDirectory(prefix="class-") as folder:
            target = Path(folder, "answers")
            target.mkdir()
            for name, data in answers.items():
                (target / f"{name}.py").write_bytes(data)
            if self.trusted:
                command = grader(str(target), self.checks, names)
            else:
                command = grader("/answers", self.checks, names)
                command = self._wrapped(target, slot, command)
            with (
                Path(folder, "output").open("w+b") as output,
                Path(folder, "errors").open("w+b") as errors,
            ):
                seconds = self.start + self.each * len(names)
                why_not = self._wait(command, output, errors, seconds)
                return _read(output, names, why_not or _end(errors))

    def _wait(
        self,
        command: list[str],
        output: IO[bytes],
        errors: IO[bytes],
        seconds: float,
    ) -> str:
        """Run the command within the limits; return why it was ended."""
        process = subprocess.Popen(
            command,
            cwd=ROOT if self.trusted else "/",
            env=_environment(sandbox=not self.trusted),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
        until, why_not = time.monotonic() + seconds, ""
        try:
            while not why_not and not self.stopped:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(TICK)
                    break
                if time.monotonic() > until:
                    why_not = f"It took over {seconds:g} seconds."
                elif _memory(process.pid) > self.memory:
                    why_not = f"It took over {self.memory >> 20} MB."
        finally:
            kill(process)
        if self.stopped:
            raise KeyboardInterrupt
        return why_not

    def stop(self) -> None:
        """End what runs; nothing further is graded."""
        self.stopped = True

    def _wrapped(
        self, answers: Path, slot: int, command: list[str]
    ) -> list[str]:
        """Put a command into bubblewrap."""
        homes = [sys.prefix, sys.base_prefix, str(self.checks)]
        homes += [str(Path(each).resolve()) for each in homes]
        rooms = [str(ROOT / name) for name in ROOMS]
        words = [shutil.which("bwrap") or "bwrap", "--die-with-parent"]
        words += ["--new-session", "--unshare-pid", "--unshare-net"]
        words += ["--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
        words += ["--proc", "/proc", "--dev", "/dev"]
        for path in ("/tmp", "/dev/shm"):  # noqa: S108 (the sandbox's own)
            words += ["--size", str(self.disk), "--perms", "1777"]
            words += ["--tmpfs", path]
        system = [*SYSTEM, *(f"/etc/{name}" for name in ETC)]
        for path in dict.fromkeys([*system, *homes, *rooms]):
            for above in reversed(Path(path).parents[:-1]):
                words += ["--perms", "0755", "--dir", str(above)]
            words += ["--ro-bind-try", path, path]
        words += ["--ro-bind", str(answers), "/answers"]
        words += ["--remount-ro", "/dev", "--remount-ro", "/"]
        words += ["--chdir", "/tmp"]  # noqa: S108
        if os.geteuid():
            words += ["--unshare-user"]
        else:  # for root, no limit on processes holds
            uid = str(FIRST_UID + slot)
            words += ["setpriv", f"--reuid={uid}", f"--regid={uid}"]
            words += ["--clear-groups", "--inh-caps=-all"]
            words += ["--bounding-set=-all"]
        words += ["prlimit", f"--nproc={self.processes}", "--core=0"]
        return [*words, f"--fsize={self.output}", *command]


def _read(
    output: IO[bytes], names: Sequence[str], why_not: str
) -> dict[str, Any]:
    """Read the results by name; where there is none, say why not."""
    output.seek(0)
    found: dict[str, Any] = dict.fromkeys(
        names, why_not or "It ended without a result."
    )
    with suppress(ValueError, KeyError, TypeError, RecursionError):
        for each in json.loads(output.read())["exercises"]:
            if each["name"] in found and isinstance(each["checks"], list):
                found[each["name"]] = each
    return found


def _end(errors: IO[bytes]) -> str:
    errors.seek(max(errors.seek(0, os.SEEK_END) - 2000, 0))
    lines = errors.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""


def _environment(*, sandbox: bool) -> dict[str, str]:
    """Return all that an answer may see of ours: no secret is in it."""
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
        "SYSTEMROOT": os.environ.get("SYSTEMROOT", ""),  # for Windows
        "HOME": tempfile.gettempdir(),
        "USER": "student",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1" if sandbox else "",
    }


def _family(pid: int) -> list[psutil.Process]:
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


def _memory(pid: int) -> int:
    """Add up what it and all below it hold alone, in bytes."""
    total = 0
    for each in _family(pid):
        with suppress(psutil.Error):
            held = each.memory_info()
            total += held.rss - getattr(held, "shared", 0)
    return total


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill it and all below it; what is in a sandbox dies with that."""
    if process.poll() is None:
        for each in reversed(_family(process.pid)):
            with suppress(psutil.Error):
                each.kill()
    process.wait()
