"""What the report of a failing check tells of the last request."""

import traceback
from dataclasses import replace
from pathlib import Path

from checks.asgi import Client
from course.timeline import Lane, Recording

HERE = Path(__file__).parent


def story(client: Client) -> dict[str, str]:
    """Tell its order, where an exception left the answer, and how."""
    server = client.server
    try:
        recording = server.timeline.last if server.timeline else None
    except LookupError:
        recording = None
    if recording is None:
        return {}
    errors = [_trouble(each, server.file) for each in server.errors[-1:]]
    return {
        "order": " → ".join(_named(recording).order),
        "place": _place(recording, Path(server.file).name),
        "trouble": "".join(errors),
    }


def _named(recording: Recording) -> Recording:
    """Let what a check put in have the name of what it stands for."""
    lanes = tuple(replace(lane, name=_name(lane)) for lane in recording.lanes)
    return replace(recording, lanes=lanes)


def _name(lane: Lane) -> str:
    if lane.replaces and lane.replaces != lane.name:
        return f"{lane.replaces} (replaced)"
    file = Path(lane.place.rpartition(":")[0])
    ours = file.name and (HERE / file.name).exists()
    return f"{lane.name} (the check's)" if ours else lane.name


def _place(recording: Recording, file: str) -> str:
    """Find the last line of the answer that an exception left."""
    places = [event.place for event in recording.events if event.place]
    for place in reversed(places):
        name, _, line = place.rpartition(":")
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
