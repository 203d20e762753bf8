"""Grade one submission in bubblewrap: it reads the course, and no more.

It has a /tmp of its own, no network, its own process numbers, and limits on
time, memory, processes, disk and output.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import IO, Any

import psutil

from course.folders import ROOT
from course.processes import Program

Result = dict[str, Any]  # of an exercise, as `grade --json` gives it
Results = dict[str, Result]  # by exercise
KEPT = {  # what is the same whenever an answer is graded
    *("exercises", "name", "title", "state", "points", "max_points"),
    *("checks", "fault", "promise", "message", "did", "expected", "got"),
    *("order", "place", "code", "why"),
}
ROOMS = (
    *("checks", "course", "exercises", "fastapi_timeline", "solutions"),
    *("stages", "locks", "pyproject.toml", "start.py"),
)
SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"),
    *("/etc/alternatives", "/etc/group", "/etc/host.conf", "/etc/hosts"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types", "/etc/ssl"),
    *("/etc/nsswitch.conf", "/etc/passwd", "/etc/services"),
)
USERS = cycle(range(61_000, 65_000))  # nobody's; see where they are used
TICK = 0.2  # seconds between two looks at a sandbox


class NoSandboxError(Exception):
    """Bubblewrap can't be used here; the text says why."""


@dataclass
class Sandbox:
    """Where submissions are graded, several of them beside each other."""

    checks: Path
    room: Path | None = None  # for the answers that are being graded
    trusted: bool = False  # then there is no sandbox
    seconds: float = 120  # for the start, and for each exercise
    memory: int = 4 << 30  # bytes
    disk: int = 256 << 20  # of memory, too
    output: int = 64 << 20  # in one file
    processes: int = 512  # and threads
    stopped: bool = False  # set it to end what runs

    def try_it(self) -> None:
        """Raise an error that says why bubblewrap can't be used."""
        if self.trusted:
            return
        if not shutil.which("bwrap"):
            raise NoSandboxError("There is no bubblewrap here.")
        with tempfile.TemporaryDirectory() as folder:
            command = self._wrapped(Path(folder), ["true"])
            done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip()
            raise NoSandboxError(f"Bubblewrap does not work here: {said}")

    def grade(
        self, answers: dict[str, bytes], names: Sequence[str]
    ) -> Results:
        """Grade these exercises.

        One that is unjudged, because of the machine or of another exercise
        perhaps, is graded once more, alone.
        """
        results = self._run(answers, names)
        for name in names:
            if len(names) > 1 and results[name]["state"] == "unjudged":
                results |= self._run(answers, [name])
        return results

    def _run(self, answers: dict[str, bytes], names: Sequence[str]) -> Results:
        with (
            tempfile.TemporaryDirectory(dir=self.room) as folder,
            tempfile.TemporaryFile() as output,
            tempfile.TemporaryFile() as errors,
        ):
            target = Path(folder, "answers")  # which any user may read
            target.mkdir()
            for name, data in answers.items():
                (target / f"{name}.py").write_bytes(data)
            command = [sys.executable, "-m", "course.grader", *names]
            command += ["--json=-", f"--checks={self.checks}"]
            if self.trusted:
                command += [f"--target={target}"]
            else:
                command += ["--target=/answers"]
                command = self._wrapped(target, command)
            program = Program(
                "A grader", command, folder=ROOT, output=output, errors=errors
            )
            try:
                why_not = self._watch(program, len(names)) or _end(errors)
            finally:
                program.kill()
            output.seek(0)
            return _read(output.read(), names, why_not)

    def _watch(self, program: Program, exercises: int) -> str:
        """Wait for its end; return why it has to be killed, if it has to."""
        seconds = self.seconds * (1 + exercises)
        end = time.monotonic() + seconds
        while not program.ended.wait(TICK):
            if self.stopped:
                raise KeyboardInterrupt
            if time.monotonic() > end:
                return f"It took over {seconds:g} seconds."
            if memory(program.process.pid) > self.memory:
                return f"It took over {self.memory >> 20} MB."
        return ""

    def _wrapped(self, answers: Path, command: list[str]) -> list[str]:
        """Put a command into bubblewrap.

        Its environment is all that an answer sees of ours: it has no secret.
        A grader runs as many checks at once as it has processors. It gets two
        of them, because others grade beside it.
        """
        user, cores = next(USERS), sorted(os.sched_getaffinity(0))
        two = {cores[(user + more) % len(cores)] for more in (0, 1)}
        words = ["taskset", "--cpu-list", ",".join(map(str, two))]
        path = f"{Path(sys.executable).parent}:{os.defpath}"
        words += ["env", "-i", f"PATH={path}", "HOME=/tmp", "LANG=C.UTF-8"]
        words += [f"PYTHONPATH={ROOT}", "PYTHONDONTWRITEBYTECODE=1"]
        words += ["USER=student"]
        words += [shutil.which("bwrap") or "bwrap", "--die-with-parent"]
        words += ["--new-session", "--unshare-pid", "--unshare-net"]
        words += ["--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
        words += ["--proc", "/proc", "--dev", "/dev"]
        for path in ("/tmp", "/dev/shm"):  # noqa: S108 (the sandbox's own)
            words += ["--size", str(self.disk), "--perms", "1777"]
            words += ["--tmpfs", path]
        homes = [sys.prefix, sys.base_prefix, str(self.checks)]
        homes += [str(Path(each).resolve()) for each in homes]
        rooms = [str(ROOT / name) for name in ROOMS]
        for path in dict.fromkeys([*SYSTEM, *homes, *rooms]):
            for above in reversed(Path(path).parents[:-1]):
                words += ["--perms", "0755", "--dir", str(above)]
            words += ["--ro-bind-try", path, path]
        words += ["--ro-bind", str(answers), "/answers"]
        words += ["--remount-ro", "/dev", "--remount-ro", "/"]
        words += ["--chdir", "/tmp"]  # noqa: S108
        if os.geteuid():
            words += ["--unshare-user"]
        else:  # no limit on processes holds for root, and one holds for a user
            words += ["setpriv", f"--reuid={user}", f"--regid={user}"]
            words += ["--clear-groups", "--inh-caps=-all"]
            words += ["--bounding-set=-all"]
        words += ["prlimit", f"--nproc={self.processes}", "--core=0"]
        return [*words, f"--fsize={self.output}", *command]


def memory(pid: int) -> int:
    """Add up what a process and all below it hold alone, in bytes."""
    total = 0
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for each in [process, *process.children(recursive=True)]:
            with suppress(psutil.Error):
                held = each.memory_info()
                total += held.rss - getattr(held, "shared", 0)
    return total


def _end(errors: IO[bytes]) -> str:
    """Return the last line of what was said."""
    errors.seek(max(errors.seek(0, os.SEEK_END) - 2000, 0))
    lines = errors.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "It ended without a result."


def _read(text: bytes, names: Sequence[str], why_not: str) -> Results:
    """Read the results; one that does not judge the answer is unjudged."""
    nothing = {"state": "unjudged", "message": why_not, "points": 0}
    results: Results = {name: {**nothing, "checks": []} for name in names}

    def kept(data: Result) -> Result:
        return {name: data[name] for name in sorted(KEPT & {*data})}

    with suppress(ValueError, KeyError, TypeError, RecursionError):
        for result in json.loads(text, object_hook=kept)["exercises"]:
            faults = {check["fault"] for check in result["checks"]}
            if faults & {"this machine", "our bug"}:
                result["state"] = "unjudged"
            if result["name"] in results:
                results[result["name"]] = result
    return results
