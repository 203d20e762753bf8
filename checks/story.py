"""The part of a failing check's report about the last request."""

import sys
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from checks.asgi import Client
from fastapi_timeline import Event, Lane, Recorder, Recording
from fastapi_timeline.callables import shorten

HERE = Path(__file__).parent
LONG = 100  # characters of an exception's text


def story(client: Client) -> dict[str, str]:
    """Tell its order, where an exception left the answer, and how."""
    server = client.server
    if server.hangs:  # what is over is not what hangs
        return {}
    if server.timeline is None or not server.timeline.recordings:
        return {}
    number = _worth_telling(server.timeline.recordings)
    recording = server.timeline.recording(number)
    did, told = server.did, f"{recording.method} {recording.path}"
    if told != did and told.isprintable():
        did = f"{told}, and then {did}"
    errors = [_trouble(each, server.file) for each in server.errors[-1:]]
    named = _named(recording, client)
    calls = list(_calls(server.timeline, number, server.calls))
    order = _with_calls(named, calls).order
    return {
        "did": did,
        "order": " → ".join(_with_text(order, server.errors[-1:])),
        "place": _raised_at(order, server.errors[-1:], server.file)
        or _place(recording, Path(server.file).name),
        "trouble": "".join(errors),
    }


def _worth_telling(recordings: list[Recording]) -> int:
    """Choose the last request; before a mere look, the last with a task."""
    last = len(recordings) - 1
    if recordings[-1].method != "GET" or recordings[-1].status != "200":
        return last
    found = [n for n, each in enumerate(recordings) if _has_task(each)]
    return found[-1] if found else last


def _has_task(recording: Recording) -> bool:
    return any(lane.kind == "task" for lane in recording.lanes)


def _named(recording: Recording, client: Client) -> Recording:
    """Give a check's fake the name of the function that it replaces."""
    answer = sys.modules.get(Path(client.server.file).stem)
    given = vars(answer) if answer else {}
    names = {_defined(value): name for name, value in given.items()}
    lanes = tuple(
        replace(lane, name=_name(lane, names)) for lane in recording.lanes
    )
    return replace(recording, lanes=lanes)


def _calls(
    timeline: Recorder, number: int, called: list[int]
) -> Iterator[int]:
    """Say when, in this recording's time, a check's fake was called."""
    for at in called:
        recording = timeline.recording(number, client=(at, at))
        since = recording.client[0] if recording.client else -1
        if 0 <= since <= max((e.at for e in recording.events), default=0):
            yield since


def _with_calls(recording: Recording, calls: list[int]) -> Recording:
    """Add a fake that the answer's own code has called: it has no lane."""
    if not calls or any(_of_a_check(lane) for lane in recording.lanes):
        return recording
    began = Event(calls[-1], "began", len(recording.lanes))
    events = sorted([*recording.events, began], key=lambda event: event.at)
    lanes = (*recording.lanes, Lane("task", "the check's task"))
    return replace(recording, lanes=lanes, events=tuple(events))


def _of_a_check(lane: Lane) -> bool:
    file = Path(lane.place.rpartition(":")[0])
    name = bool(file.name) and (HERE / file.name).exists()
    return name and lane.kind == "task"


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


def _raised_at(
    order: tuple[str, ...], errors: list[BaseException], file: str
) -> str:
    """Find the line of the answer in which this request's error arose."""
    for error in errors:
        if any(each.endswith(type(error).__name__) for each in order):
            frames = traceback.extract_tb(error.__traceback__)
            own = [each.lineno for each in frames if each.filename == file]
            return f"{Path(file).name}:{own[-1]}" if own else ""
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
