"""The command line: record a request, or compare two recordings."""

import argparse
import io
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from statistics import median
from typing import Any

from .across import following, joined
from .across.commands import FOLDER, worker
from .beside import Beside
from .client import Answer, Request, RequestError, WrittenError, build, send
from .comparison import compare
from .model import Recording
from .picture import svg
from .recording import Recorder
from .serving import StartError, host, rehearse
from .stack import stacked
from .target import TargetError, load
from .text import show
from .words import counted, milliseconds, printable, sentence

EXAMPLES = """\
examples:
  %(prog)s myapp:app GET /items/7
  %(prog)s myapp:app POST /orders --json '{"name": "Ada"}'
  %(prog)s myapp:create_app POST /login --form user=ada
  %(prog)s src/shop/main.py:app GET / --header 'x-key: 1' --svg it.svg
  %(prog)s myapp:app GET /slow --times 20 --save before.json
  %(prog)s compare before.json after.json --svg both.svg
  %(prog)s worker ./seen celery -A shop.tasks worker
  %(prog)s shop.web:app POST /orders --join ./seen

It starts the application on a real server, with its lifespan, sends the
request, waits until its background tasks are over, and shows what happened
when. With --join it follows tasks into workers, which `worker` starts. exit codes: 0 recorded, 1 it could not be, 2 wrong use, 130 Ctrl-C
"""


class UsageError(Exception):
    """What was typed can't be done; the text says what to type instead."""


def recording_parser(program: str) -> argparse.ArgumentParser:
    """Describe the command that records."""
    parser = argparse.ArgumentParser(
        program,
        description="See what happens when, for one request to a FastAPI app.",
        epilog=EXAMPLES % {"prog": program},
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("app", help="module:app, path.py:app, or a function that makes it")
    add("method", help="GET, POST, …")
    add("path", help="what to request, with its query: /items?limit=3")
    add("--json", metavar="TEXT", help="the body, as JSON")
    again: dict[str, Any] = {"action": "append", "default": []}
    add("--form", metavar="NAME=VALUE", help="a field of a form", **again)
    add("--header", metavar="NAME:VALUE", help="a header", **again)
    help_ = "send it so often; the last one is shown"
    add("--times", metavar="N", type=positive, default=1, help=help_)
    help_ = "for the answer, and for its tasks (30)"
    add("--wait", metavar="SECONDS", type=seconds, default=30.0, help=help_)
    add("--join", metavar="FOLDER", type=here, help=FOLDER)
    _pictures(parser)
    add("--save", metavar="FILE", type=here, help="write the recording, JSON")
    return parser


def comparing_parser(program: str) -> argparse.ArgumentParser:
    """Describe the command that compares."""
    parser = argparse.ArgumentParser(
        f"{program} compare",
        description="Lay saved recordings one below the other.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    _pictures(parser)
    return parser


def _pictures(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--svg", metavar="FILE", type=here, help="write the picture")
    add("--theme", choices=("light", "dark"), default="light", help="of it")


def positive(text: str) -> int:
    """Read a whole number above zero."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it must be at least 1")
    return number


def seconds(text: str) -> float:
    """Read how long to wait."""
    number = float(text)
    if not 0 < number <= threading.TIMEOUT_MAX:
        raise argparse.ArgumentTypeError("it must be above 0, and finite")
    return number


def here(text: str) -> Path:
    """Read a path; the application may go to another folder."""
    return Path(text).absolute()


def take(arguments: argparse.Namespace) -> None:
    """Record as asked; show, draw and save the last one."""
    request = build(
        arguments.method,
        arguments.path,
        arguments.header,
        arguments.json,
        arguments.form,
    )
    followed = following(arguments.join) if arguments.join else nullcontext()
    with followed:
        app = load(arguments.app, Path.cwd())
        rehearse()
        recorder = Recorder(app)
        beside = Beside(recorder)
        with recorder:
            host(
                beside,
                lambda url: visit(url, request, recorder, beside, arguments),
                arguments.wait,
            )


def visit(
    url: str,
    request: Request,
    recorder: Recorder,
    beside: Beside,
    arguments: argparse.Namespace,
) -> None:
    """Send the request so often, and show what was recorded of it."""
    made: list[Recording] = []
    patience = arguments.wait
    for number in range(arguments.times):
        before = recorder.seen + recorder.skipped
        answer = send(url, request, patience)
        if recorder.seen + recorder.skipped + recorder.running == before:
            raise RequestError(REFUSED.format(answer.status))
        try:
            recorder.wait(number + 1, patience)
        except TimeoutError:
            raise RequestError(unfinished(answer, patience)) from None
        made.append(recorder.recording(client=answer.waited))
    told(answer, request, patience)
    left = beside.wait(patience)
    made[-1] = recorder.recording(client=answer.waited)
    if arguments.join:
        made[-1] = joined(made[-1], arguments.join, patience)
    show(made[-1])
    if len(made) > 1:
        print(repeated(made))
    if left:
        print(
            f"Still running after {patience:g} s and cut here:"
            f" {', '.join(left)} (started by asyncio.create_task)."
        )
    if others := uncounted(recorder.seen - len(made), recorder.skipped):
        print(others)
    if arguments.save:
        write(arguments.save, made[-1].to_json(indent=1) + "\n")
    if arguments.svg:
        write(arguments.svg, svg(made[-1], arguments.theme))


REFUSED = (
    "The server itself answered {}: the request is not as HTTP has it, and"
    " did not reach the application."
)


def unfinished(answer: Answer, patience: float) -> str:
    """Say what still runs when the time is over."""
    how = "It was answered" if answer.whole else "Its answer had no end"
    return (
        f"{how} ({answer.status}), but its tasks still run after"
        f" {patience:g} s: give them more time with --wait."
    )


def told(answer: Answer, request: Request, patience: float) -> None:
    """Say what an answer that is an error says, and where one was cut."""
    if not answer.whole:
        print(
            f"The answer had no end within {patience:g} s: the client left."
            " Give it more with --wait."
        )
    if answer.status >= 400:  # noqa: PLR2004 (where HTTP's errors begin)
        text = printable(answer.body[:300].decode(errors="replace"))
        print(f"{request.method} {request.path} was answered {text}")


def uncounted(others: int, skipped: int) -> str:
    """Say how many requests arrived that no picture here shows."""
    lines = []
    if others > 0:
        lines.append(
            f"{counted(others, 'other request')} arrived meanwhile and"
            f" {'is' if others == 1 else 'are'} not shown."
        )
    if skipped:
        lines.append(
            f"{counted(skipped, 'request')} could not be recorded: too many"
            " ran at the same time."
        )
    return "\n".join(lines)


def repeated(made: list[Recording]) -> str:
    """Tell whether many requests happened alike, and how long each took."""
    waits = [r.client[1] - r.client[0] for r in made if r.client]
    low, middle, high = min(waits), int(median(waits)), max(waits)
    text = (
        f"{len(made)} requests: the client waited {milliseconds(middle)}"
        f" (median), {milliseconds(low)} to {milliseconds(high)}."
    )
    if made[-1].untimed:
        text = f"{len(made)} requests."
    orders = Counter(sentence(r) for r in made).most_common()
    if len(orders) == 1:
        return f"{text}\nAll happened in the same order."
    lines = [f"{count} times: {words}" for words, count in orders]
    return "\n".join([text, f"{len(orders)} different orders:", *lines])


def lay(arguments: argparse.Namespace) -> None:
    """Show saved recordings one below the other, and what differs."""
    files: list[Path] = arguments.files
    if len(files) < 2:  # noqa: PLR2004 (one has nothing beside it)
        raise UsageError("Comparing needs two files or more.")
    found = [read(file) for file in files]
    notes = [file.stem for file in files]
    for number, recording in enumerate(found):
        if number:
            print(f"\n{notes[number - 1]} → {notes[number]}")
            print(compare(found[number - 1], recording), end="\n\n")
        show(recording)
    if arguments.svg:
        write(arguments.svg, stacked(found, notes, arguments.theme))


def read(file: Path) -> Recording:
    """Read a saved recording; a UsageError names the file."""
    try:
        return Recording.from_json(file.read_text("utf-8"))
    except OSError as exc:
        raise UsageError(f"{file} cannot be read: {exc.strerror}.") from None
    except ValueError as exc:
        raise UsageError(f"{file}: {exc}") from None


def write(file: Path, text: str) -> None:
    """Write a file and say so; a UsageError says why it can't be."""
    try:
        file.write_text(text, "utf-8")
    except OSError as exc:
        raise UsageError(
            f"{file} cannot be written ({exc.strerror}): name another place."
        ) from None
    print(f"Written: {file}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; give its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    program = "python -m fastapi_timeline"
    if Path(sys.argv[0]).stem == "fastapi-timeline":
        program = "fastapi-timeline"
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # not all have our signs
            stream.reconfigure(errors="replace")
    try:
        if given[:1] == ["compare"]:
            lay(comparing_parser(program).parse_args(given[1:]))
        elif given[:1] == ["worker"]:
            worker(program, given[1:])
        else:
            take(recording_parser(program).parse_args(given))
    except (UsageError, TargetError, WrittenError, OSError) as exc:
        print(f"{program}: {exc}", file=sys.stderr)
        return 2
    except (RequestError, StartError) as exc:
        print(f"{program}: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{program}: stopped", file=sys.stderr)
        return 130
    return 0


def run() -> None:
    """Run it as a program of its own: it ends, whatever the app left."""
    code = main()
    sys.stdout.flush()
    threading.Thread(target=_cut, args=(code,), daemon=True).start()
    sys.exit(code)  # waits for threads, then runs what atexit has


def _cut(code: int) -> None:
    """End the process where a thread of the application keeps it."""
    time.sleep(GRACE)
    kept = [
        thread.name
        for thread in threading.enumerate()
        if not thread.daemon and thread is not threading.main_thread()
    ]
    what = ", ".join(kept) or "what atexit runs"
    print(
        f"timeline: cut after {GRACE} s, {what} had not ended: the rest of"
        " the application's exit code does not run.",
        file=sys.stderr,
        flush=True,
    )
    os._exit(code)


GRACE = 5  # seconds that the application has to end when all is shown
