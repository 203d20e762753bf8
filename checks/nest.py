"""A process that runs a file of tests as often as it is asked.

It collects the tests once, and forks for each run, so that no run can
disturb another. Where Python can't fork so (Windows, macOS) it is a fresh
Python, which collects the tests anew for each run.
"""

import contextlib
import gc
import json
import os
import queue
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO

import pytest

from checks.nested import PASSED, Tell, Tests, Told

ROOT = Path(__file__).resolve().parents[1]
FORK = sys.platform == "linux"
START, RUN = 8.0, 3.0  # seconds, to collect all and to run one
LATE = ["did not come to its end", ""]
Results = dict[str, list[str]]  # for each test how it ended, and why


class Nest:
    """The process, as a check sees it; `tests` are the names of all."""

    def __init__(self, path: Path, *, fork: bool = FORK) -> None:
        self._said: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._orders, told, self._end = _start(
            path, self._folder.name, fork=fork
        )
        self._listener = threading.Thread(
            target=_listen, args=(told, self._said), daemon=True
        )
        self._listener.start()
        found = self._hear(START)
        self.tests: list[str] = found["tests"]
        self.broken: str = found["broken"]

    def run(self, app: str, tests: Sequence[str]) -> Results:
        """Run these tests on an application, one after the other.

        Should one not come to its end, those after it have no result.
        """
        found = self._order(app, tests)
        results: Results = {}
        for test in tests:
            results[test] = found.get(f"{app} {test}", LATE)
            if results[test] == LATE:
                break
        return results

    def run_to_the_first(
        self, app: str, tests: Sequence[str], then: Sequence[str]
    ) -> tuple[Results, bool]:
        """Run them up to the first that does not pass: it is the last result.

        Also see if that one passes on the applications in `then`. To be
        quick, they come in the same process: a yes is a yes, but after a no
        it has to be seen if it `passes` in a separate process.
        """
        found = self._order(app, tests, first=True, then=then)
        results: Results = {}
        for test in tests:
            results[test] = found.get(f"{app} {test}", LATE)
            if results[test] != PASSED:
                break
        others = [found.get(f"{each} {test}") for each in then]
        return results, all(each == PASSED for each in others)

    def passes(self, test: str, apps: Sequence[str]) -> bool:
        """See if a test passes, alone, on all of these applications."""
        return all(self.run(app, [test])[test] == PASSED for app in apps)

    def _order(
        self,
        app: str,
        tests: Sequence[str],
        *,
        first: bool = False,
        then: Sequence[str] = (),
    ) -> Told:
        order = {"app": app, "tests": tests, "first": first, "then": then}
        with contextlib.suppress(OSError):  # it has gone: heard next
            self._orders.write(json.dumps(order).encode() + b"\n")
            self._orders.flush()
        return self._hear(START + RUN * (len(then) + len(tests)))

    def close(self) -> None:
        """End it, once."""
        end, self._end = self._end, lambda: None
        end()
        self._listener.join(START)
        with contextlib.suppress(OSError):
            self._orders.close()
        self._folder.cleanup()

    def _hear(self, seconds: float) -> Told:
        with contextlib.suppress(queue.Empty):
            line = self._said.get(timeout=seconds)
            if line:
                found: Told = json.loads(line)
                return found
        self.close()
        pytest.fail(
            "Your tests hang, or end the process that runs them. What does"
            " the file do while it is imported? What is waited for?",
            pytrace=False,
        )


def _start(
    path: Path, scratch: str, *, fork: bool
) -> tuple[IO[bytes], IO[bytes], Callable[[], object]]:
    """Start it; return where to write, where to read, and how to end it."""
    if not fork:
        process = subprocess.Popen(  # noqa: S603 (ourselves)
            [sys.executable, "-m", "checks.nest", str(path), scratch],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        assert process.stdin is not None
        assert process.stdout is not None

        def kill() -> None:
            process.kill()
            process.wait()

        return process.stdin, process.stdout, kill
    taken, orders = os.pipe()
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            os.setpgid(0, 0)  # with all that it starts
            os.close(orders)
            os.close(told)
            lines = os.fdopen(taken, "rb")
            serve_forked(path, scratch, lines, lambda say: _write(tell, say))
        os._exit(0)
    os.close(taken)
    os.close(tell)

    def end() -> None:
        with contextlib.suppress(ProcessLookupError):  # it has no group yet
            os.killpg(pid, signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    return os.fdopen(orders, "wb"), os.fdopen(told, "rb"), end


def _listen(told: IO[bytes], said: "queue.SimpleQueue[bytes]") -> None:
    with told:
        for line in told:
            said.put(line)
    said.put(b"")


# --- in the process itself ---------------------------------------------------


def serve_forked(
    path: Path, scratch: str, orders: Iterable[bytes], tell: Tell
) -> None:
    """Collect once; obey each order in a fork."""

    def serve(tests: Tests) -> None:
        gc.freeze()
        tell(tests.names())
        for line in orders:
            order = json.loads(line)
            found: Told = {}
            tests.prepare(order)  # before the fork: once for all
            for told in _forked(partial(tests.run, order)):
                found |= told
            tell(found)

    _prepare(scratch)
    tests = Tests(path, serve)
    tests.collect()
    tell(tests.names())  # where it came to nothing


def serve_afresh(
    path: Path, scratch: str, orders: Iterable[bytes], tell: Tell
) -> None:
    """Collect for each order, in this process."""
    _prepare(scratch)
    tests = Tests(path, lambda _: None)
    tests.collect()
    tell(tests.names())
    for line in orders:
        order = json.loads(line)
        found: Told = {}
        Tests(path, partial(_obey, order, found.update)).collect()
        tell(found)


def _obey(order: Told, tell: Tell, tests: Tests) -> None:
    tests.prepare(order)
    tests.run(order, tell)


def _prepare(scratch: str) -> None:
    """Forget what a pytest around this one has set."""
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ["PYTEST_DEBUG_TEMPROOT"] = scratch
    sys.dont_write_bytecode = True  # nothing is left beside the answer


def _forked(work: Callable[[Tell], None]) -> Iterator[Told]:
    """Do it in a fork, and give what it tells, until it says no more."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            work(lambda told: _write(write, told))
        os._exit(0)
    os.close(write)
    heard = b""
    while select.select([read], [], [], RUN)[0]:
        part = os.read(read, 1 << 16)
        if not part:
            break
        *lines, heard = (heard + part).split(b"\n")
        yield from map(json.loads, lines)
    os.close(read)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _write(descriptor: int, told: Told) -> None:
    data = json.dumps(told).encode() + b"\n"
    while data:
        data = data[os.write(descriptor, data) :]


def main() -> None:
    """Be the process where it is not forked."""
    out = os.dup(1)
    os.dup2(2, 1)  # what a test prints is no reply
    path, scratch = sys.argv[1:]
    serve_afresh(
        Path(path), scratch, sys.stdin.buffer, lambda said: _write(out, said)
    )
    os._exit(0)


if __name__ == "__main__":
    main()
