"""Start a program beside this one, and leave nothing of it behind."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import IO, Self

import psutil

from course.folders import environment

# It ends when the other end of its input is closed: when we are gone.
GUARD = 'read -r _; kill "$0" 2>/dev/null'


class Program:
    """A program of its own session: Ctrl-C reaches us first, then `stop`.

    If this process is killed, a guard beside the program ends it. One thread
    waits for its end and nobody else asks: a Ctrl-C in the middle of asking
    leaves subprocess's own lock taken, and the next caller waits for ever.
    """

    def __init__(  # noqa: PLR0913 (all but two are named)
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path | None = None,
        settings: Mapping[str, str] | None = None,
        output: IO[bytes] | None = None,
        errors: IO[bytes] | None = None,
        keep: Sequence[int] = (),
        user: str | None = None,
    ) -> None:
        self.name = name
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={**environment(), **(settings or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors or (subprocess.STDOUT if output else None),
            start_new_session=True,
            pass_fds=keep,
            user=user,
        )
        self.ended = threading.Event()
        threading.Thread(target=self._wait, daemon=True).start()
        self._guard: subprocess.Popen[bytes] | None = None
        if os.name == "posix":
            self._guard = subprocess.Popen(
                ["/bin/sh", "-c", GUARD, str(self.process.pid)],
                stdin=subprocess.PIPE,
                start_new_session=True,
            )

    def _wait(self) -> None:
        self.process.wait()
        self.ended.set()

    @property
    def running(self) -> bool:
        """Whether it has not ended by itself."""
        return not self.ended.is_set()

    def stop(self, limit: float = 10) -> bool:
        """Ask it to end; kill it after a limit. Whether it ended by itself.

        Only the program itself is asked: what it forked is its own to end.
        """
        self._release()
        self.process.terminate()
        if self.ended.wait(limit):
            return True
        self.kill()
        return False

    def kill(self) -> None:
        """Kill it and all that it has forked, as a power cut would."""
        self._release()
        killed: list[psutil.Process] = []
        if not self.running:  # its number may be another's by now
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            program = psutil.Process(self.process.pid)
            program.suspend()  # it forks no more while we look
            killed = [*program.children(recursive=True), program]
            for each in killed:
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()
        self.ended.wait()
        while any(map(alive, killed)):  # one that writes to a disk ends late
            time.sleep(0.01)

    def _release(self) -> None:
        """End the guard first: later, the number may be another's."""
        if self._guard:
            self._guard.kill()
            self._guard.communicate()
            self._guard = None


def alive(process: psutil.Process) -> bool:
    """Whether it still holds its files and locks."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def stop_all(programs: Sequence[Program], limit: float = 10) -> list[str]:
    """Stop the last one first; return what to say of those that were killed.

    Ctrl-C is not heard meanwhile: a second one leaves nothing behind either.
    """
    with undisturbed():
        return [
            f"{program.name} did not end within {limit:g} seconds when"
            " asked to, and was killed."
            for program in reversed(programs)
            if not program.stop(limit)
        ]


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Hear no Ctrl-C; other threads never do."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class StoppedError(KeyboardInterrupt):
    """We were told to end: by Ctrl-C, by nox, or by a closed terminal."""


@contextlib.contextmanager
def told_to_stop() -> Iterator[None]:
    """Let SIGTERM and a closed terminal unwind as Ctrl-C does."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise StoppedError

    names = ["SIGTERM", "SIGHUP"]  # Windows has no SIGHUP
    numbers = [getattr(signal, name, None) for name in names]
    before = {
        number: signal.signal(number, stop) for number in numbers if number
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class NoServerError(Exception):
    """There is no server to be had; says what to do."""


class Server:
    """A server, used in a `with` block; it can be killed and come back."""

    program: Program | None = None

    def start(self) -> None:
        """Set `program` to one that answers."""
        raise NotImplementedError

    def kill(self) -> None:
        """Kill it as a power cut would; `start` lets it come back."""
        assert self.program
        self.program.kill()
        self.program = None

    def stop(self) -> None:
        """Let it end, unless it was killed before."""
        for message in stop_all([self.program] if self.program else []):
            print(message, file=sys.stderr)
        self.program = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def serve(server: Server, greeting: Callable[[], str]) -> None:
    """Run a server until Ctrl-C; the greeting says how to use it."""
    try:
        with told_to_stop(), contextlib.suppress(KeyboardInterrupt), server:
            print(f"{greeting()}  (Ctrl-C ends it)", flush=True)
            program = server.program
            assert program
            while not program.ended.wait(0.5):
                pass
            sys.exit(f"{program.name} has ended by itself.")
    except NoServerError as error:
        sys.exit(str(error))
