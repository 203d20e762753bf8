"""The command line: record a request, or compare two recordings."""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from .client import Answer, Request, RequestError, WrittenError, build, send
from .comparison import compare
from .model import Recording
from .picture import svg
from .recording import Recorder
from .serving import StartError, rehearse, serve
from .stack import stacked
from .target import TargetError, load
from .text import show
from .words import milliseconds, sentence

EXAMPLES = """\
examples:
  %(prog)s myapp:app GET /items/7
  %(prog)s myapp:app POST /orders --json '{"name": "Ada"}'
  %(prog)s myapp:create_app POST /login --form user=ada
  %(prog)s src/shop/main.py:app GET / --header 'x-key: 1' --svg it.svg
  %(prog)s myapp:app GET /slow --times 20 --save before.json
  %(prog)s compare before.json after.json --svg both.svg

It starts the application on a real server, with its lifespan, sends the
request, waits until its background tasks are over, and shows what happened
when. exit codes: 0 recorded, 1 it could not be, 2 wrong use, 130 Ctrl-C
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
    add("--wait", metavar="SECONDS", type=float, default=30.0, help=help_)
    _pictures(parser)
    add("--save", metavar="FILE", type=Path, help="write the recording, JSON")
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
    add("--svg", metavar="FILE", type=Path, help="write the picture")
    add("--theme", choices=("light", "dark"), default="light", help="of it")


def positive(text: str) -> int:
    """Read a whole number above zero."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it must be at least 1")
    return number


def take(arguments: argparse.Namespace) -> None:
    """Record as asked; show, draw and save the last one."""
    request = build(
        arguments.method,
        arguments.path,
        arguments.header,
        arguments.json,
        arguments.form,
    )
    app = load(arguments.app, Path.cwd())
    made: list[Recording] = []
    rehearse()
    with Recorder(app) as recorder, serve(recorder, 1) as url:
        for number in range(arguments.times):
            answer = send(url, request, arguments.wait)
            try:
                recorder.wait(number + 1, arguments.wait)
            except TimeoutError:
                raise RequestError(
                    f"It was answered ({answer.status}), but its tasks still"
                    f" run after {arguments.wait:g} s: give them more time"
                    " with --wait."
                ) from None
            made.append(recorder.recording(client=answer.waited))
            if number == arguments.times - 1:
                refused(answer, request)
    show(made[-1])
    if len(made) > 1:
        print(repeated(made))
    if arguments.save:
        write(arguments.save, made[-1].to_json(indent=1) + "\n")
    if arguments.svg:
        write(arguments.svg, svg(made[-1], arguments.theme))


def refused(answer: Answer, request: Request) -> None:
    """Say what an answer that is an error says: often it is the reason."""
    if answer.status >= 400:  # noqa: PLR2004 (where HTTP's errors begin)
        text = answer.body[:300].decode(errors="replace")
        print(f"{request.method} {request.path} was answered {text}")


def repeated(made: list[Recording]) -> str:
    """Tell whether many requests happened alike, and how long each took."""
    waits = [r.client[1] - r.client[0] for r in made if r.client]
    low, middle, high = min(waits), int(median(waits)), max(waits)
    text = (
        f"{len(made)} requests: the client waited {milliseconds(middle)}"
        f" (median), {milliseconds(low)} to {milliseconds(high)}."
    )
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
    try:
        if given[:1] == ["compare"]:
            lay(comparing_parser(program).parse_args(given[1:]))
        else:
            take(recording_parser(program).parse_args(given))
    except (UsageError, TargetError, WrittenError) as exc:
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
    """Run it as a program of its own: no thread of the app may keep it."""
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
