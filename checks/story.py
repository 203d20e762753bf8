"""What the report of a failing check tells of the last request."""

import sys
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from checks.asgi import Client
from fastapi_timeline import Lane, Recording
from fastapi_timeline.callables import shorten

HERE = Path(__file__).parent
LONG = 100  # characters of an exception's text


def story(client: Client) -> dict[str, str]:
    """Tell its order, where an exception left the answer, and how."""
    server = client.server
    if server.hangs:  # what is over is not what hangs
        return {}
    try:
        recording = server.timeline.last if server.timeline else None
    except LookupError:
        recording = None
    if recording is None:
        return {}
    errors = [_trouble(each, server.file) for each in server.errors[-1:]]
    order = _named(recording, client).order
    return {
        "order": " → ".join(_with_text(order, server.errors[-1:])),
        "place": _place(recording, Path(server.file).name),
        "trouble": "".join(errors),
    }


def _named(recording: Recording, client: Client) -> Recording:
    """Let what a check put in have the name of what it stands for."""
    answer = sys.modules.get(Path(client.server.file).stem)
    given = vars(answer) if answer else {}
    names = {_defined(value): name for name, value in given.items()}
    lanes = tuple(
        replace(lane, name=_name(lane, names)) for lane in recording.lanes
    )
    return replace(recording, lanes=lanes)


def _defined(value: object) -> str:
    """Say where a function is defined, as a lane does."""
    code = getattr(value, "__code__", None)
    return shorten(code.co_filename, code.co_firstlineno) if code else ""


def _name(lane: Lane, names: dict[str, str]) -> str:
    if lane.replaces and lane.replaces != lane.name:
        return f"{lane.replaces} (replaced)"
    file = Path(lane.place.rpartition(":")[0])
    if not file.name or not (HERE / file.name).exists():
        return lane.name
    if lane.place in names:  # it was put in the place of the answer's own
        return f"{names[lane.place]} (replaced)"
    return "the check's task" if lane.kind == "task" else lane.name


def _with_text(
    order: tuple[str, ...], errors: list[BaseException]
) -> Iterator[str]:
    """Say what the exception says that left the application, once."""
    due = {f"raised {type(e).__name__}": _first_line(e) for e in errors}
    for each in order:
        _, verb, kind = each.rpartition("raised ")
        text = due.pop(verb + kind, "")
        yield f"{each}: {text}" if text else each


def _first_line(error: BaseException) -> str:
    try:
        return str(error).partition("\n")[0][:LONG]
    except Exception:  # noqa: BLE001 (an answer's own __str__)
        return ""


def _place(recording: Recording, file: str) -> str:
    """Find the line of the answer that the last exception left first."""
    raised = [
        event
        for event in recording.events
        if event.place and event.note.lstrip("↑") != "CancelledError"
    ]
    own = [event for event in raised if not event.note.startswith("↑")]
    for event in reversed(own or raised):
        name, _, line = event.place.rpartition(":")
        if Path(name).name == file:
            return f"{file}:{line}"
    return ""


def _trouble(error: BaseException, file: str) -> str:
    """Write a traceback that begins in the answer; nothing without one."""
    told = traceback.TracebackException.from_exception(error)
    own = [n for n, each in enumerate(told.stack) if each.filename == file]
    if not own:
        return ""
    del told.stack[: own[0]]
    return "".join(told.format()) + "\n"
