"""What the notebooks need: a real server, its picture, and a guess compared.

happened = send(app, "POST", "/send-notification/ada@example.com")
happened.status, happened.json, happened.order
compare(["response sent", "write_notification began"], happened)

Every `send` starts uvicorn in a thread on a free port, sends, waits until the
tasks have ended, and stops it, whether the cell fails or not.
"""

import difflib
import json
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx2

from course.timeline import Recorder, Recording, record, serve, svg, terminal
from course.timeline.serving import rehearse

rehearse_once = lru_cache(rehearse)  # what the first request loads
STAGES = Path(__file__).resolve().parents[1] / "stages"
PATIENCE = 30.0  # seconds for a response, and again for its tasks


class Happened:
    """One request on a real server: its answer, and what happened when.

    A cell that ends in it shows the picture.
    """

    def __init__(
        self, response: httpx2.Response, recording: Recording
    ) -> None:
        self.response, self.recording = response, recording

    @property
    def waited(self) -> float:
        """Seconds until the client had its answer."""
        began, ended = self.recording.client or (0, 0)
        return (ended - began) / 1e9

    @property
    def status(self) -> int:
        """The status code that the client got."""
        return self.response.status_code

    @property
    def json(self) -> Any:
        """The answer's JSON."""
        return self.response.json()

    @property
    def order(self) -> list[str]:
        """What happened, in the words of the timeline, in order."""
        return list(self.recording.order)

    def _repr_mimebundle_(self, **_: object) -> tuple[Any, Any]:
        """Show the picture; its text stands beside it, and is its alt."""
        picture = "image/svg+xml"
        words = "; ".join(self.order)
        data = {picture: svg(self.recording), "text/plain": repr(self)}
        return data, {picture: {"alt": f"What happened when: {words}."}}

    def __repr__(self) -> str:
        return terminal(self.recording)


class Running:
    """A client of a running application; each answer comes with a picture."""

    def __init__(self, client: httpx2.Client, recorder: Recorder) -> None:
        self.client, self.recorder = client, recorder

    def send(self, method: str, path: str, json: Any = None) -> Happened:
        """Send one request; return when its tasks have ended too."""
        seen, began = self.recorder.seen, time.perf_counter_ns()
        response = self.client.request(method, path, json=json)
        waited = (began, time.perf_counter_ns())
        self.recorder.wait(seen + 1, PATIENCE)
        return Happened(response, self.recorder.recording(client=waited))


@contextmanager
def running(app: Any) -> Iterator[Running]:
    """Run an application on a real server for as long as the block lasts."""
    rehearse_once()
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line a request
    with (
        record(app) as recorder,
        serve(app) as address,
        httpx2.Client(base_url=address, timeout=PATIENCE) as client,
    ):
        yield Running(client, recorder)


def send(app: Any, method: str, path: str, json: Any = None) -> Happened:
    """Run an application for one request, and say what happened."""
    with running(app) as server:
        return server.send(method, path, json)


class Shown:
    """Text that a notebook shows as Markdown, and a terminal as it is."""

    def __init__(self, markdown: str) -> None:
        self.markdown = markdown

    def _repr_markdown_(self) -> str:
        return self.markdown

    def __repr__(self) -> str:
        return self.markdown


def new_in(stage: str) -> Shown:
    """Show what a stage, named as in "s02", adds to the one before."""
    files = sorted(STAGES.glob("s[0-9]*.py"))
    found = [file for file in files if file.name.startswith(stage)]
    if not found or found[0] == files[0]:
        names = ", ".join(file.stem for file in files[1:])
        raise ValueError(f"No stage {stage!r} that follows another: {names}.")
    before = files[files.index(found[0]) - 1]
    lines = difflib.unified_diff(
        before.read_text("utf-8").splitlines(),
        found[0].read_text("utf-8").splitlines(),
        before.name,
        found[0].name,
        lineterm="",
    )
    return Shown("```diff\n" + "\n".join(lines) + "\n```")


def source(thing: Any) -> Shown:
    """Show the code of a function or a class as it stands in its file."""
    import inspect  # noqa: PLC0415 (slow, and only here)

    return Shown(f"```python\n{inspect.getsource(thing).rstrip()}\n```")


def compare(
    guess: Sequence[str],
    happened: Happened | Sequence[str],
    among: Sequence[str] = (),
) -> Shown:
    """Put a guess beside the order of what really happened.

    `among` names the moments that were to be ordered; all, without it.
    """
    order = happened.order if isinstance(happened, Happened) else happened
    order = [each for each in order if not among or each in among]
    rows = ["| | your guess | what happened |", "|---|---|---|"]
    matcher = difflib.SequenceMatcher(None, guess, order, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        for n in range(max(b - a, d - c)):
            left = guess[a + n] if a + n < b else ""
            right = order[c + n] if c + n < d else ""
            sign = "✓" if kind == "equal" else "✗"
            rows.append(f"| {sign} | {left} | {right} |")
    same = list(guess) == order
    verdict = "As you said." if same else "Not quite as you said."
    return Shown("\n".join([*rows, "", f"**{verdict}**"]))


def pretty(data: Any) -> Shown:
    """Show JSON on several lines."""
    return Shown(f"```json\n{json.dumps(data, indent=2)}\n```")
