"""The process that has the checks collected; the front starts and ends it.

It reads lines of JSON, each an order: {"key", "run": a check's id, "target":
the answer's folder, "deadline": seconds}, or {"read": further files of
checks}. It writes lines of JSON: first the claims, and all of them again when
it has read more; under each key what came of it. With forks it never runs an
answer itself; without, it does, and may be lost with it.
"""

import faulthandler
import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from course.grader.collect import Suite, open_suite
from course.grader.inside import run_here
from course.grader.rehearse import rehearse
from course.grader.streams import redirect, say_where_it_stands
from course.run import listen


class Channel:
    """Lines to and from the front, where no answer can print into them."""

    def __init__(self, scratch: Path) -> None:
        self.read, self.write = os.dup(0), os.dup(1)
        self.rest = b""
        redirect(scratch / "printed")

    def tell(self, said: dict[str, Any]) -> None:
        """Send one line."""
        data = json.dumps(said, default=str).encode() + b"\n"
        while data:
            data = data[os.write(self.write, data) :]

    def take(self) -> list[dict[str, Any]] | None:
        """Wait for lines and return them; None when the front has gone."""
        part = os.read(self.read, 1 << 16)
        *lines, self.rest = (self.rest + part).split(b"\n")
        return [json.loads(line) for line in lines] if part else None

    def orders(self) -> Iterator[dict[str, Any]]:
        """Give one order after the other until the front has gone."""
        while (orders := self.take()) is not None:
            yield from orders


def state_claims(suite: Suite, channel: Channel, *, fork: bool) -> None:
    """Tell what must come back, after what each fork would do first."""
    if fork:
        rehearse()
    if suite.broken:
        channel.tell({"broken": "\n".join(suite.broken)})
    else:
        channel.tell({"claims": [asdict(each) for each in suite.claims()]})


def serve_forked(suite: Suite, channel: Channel, scratch: Path) -> None:
    """Run each check that is ordered in a fork of its own."""
    from course.grader.isolate import Forks  # noqa: PLC0415 (Linux only)

    forks = Forks(suite, scratch)
    forks.ours = [channel.read, channel.write]
    try:
        while True:
            over, spoken = forks.wait([channel.read])
            for outcome in over:
                channel.tell(outcome)
            orders = channel.take() if spoken else []
            if orders is None:
                return
            for order in orders:
                if "read" in order:
                    suite.read(order["read"])
                    state_claims(suite, channel, fork=True)
                else:
                    forks.start(order)
    finally:
        forks.end_all()


def serve_here(suite: Suite, channel: Channel, scratch: Path) -> None:
    """Run each check that is ordered in this process."""
    for order in channel.orders():
        key = order["key"]

        def tell(said: dict[str, Any], key: str = key) -> None:
            channel.tell({"key": key, **said})

        os.truncate(scratch / "printed", 0)
        say_where_it_stands(scratch / "stood", order["deadline"])
        try:
            run_here(suite, order, tell)
        except BaseException as error:  # noqa: BLE001 (told, whatever it is)
            tell({"raised": f"{type(error).__name__}: {error}"})
        faulthandler.cancel_dump_traceback_later()
        sys.stdout.flush()
        tell({"status": 0})


def main() -> None:
    """Collect, state the claims, serve until the front has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the front decides
    listen()
    given = json.loads(sys.argv[1])
    scratch = Path(given["scratch"])
    channel = Channel(scratch)
    os.chdir(scratch)  # an answer's own files are no litter in the course
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(scratch)  # nor those of tmp_path

    def serve(suite: Suite) -> None:
        if suite.broken:
            return
        state_claims(suite, channel, fork=given["fork"])
        way = serve_forked if given["fork"] else serve_here
        way(suite, channel, scratch)

    files = [Path(file) for file in given["files"]]
    broken = open_suite(files, serve)
    if broken:
        channel.tell({"broken": broken})
    os._exit(0)  # a thread that an answer left can't keep it


if __name__ == "__main__":
    main()
