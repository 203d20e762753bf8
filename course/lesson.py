"""What the notebooks need: a real server, its picture, and a guess compared.

happened = send(app, "POST", "/send-notification/ada@example.com")
happened.status, happened.json, happened.order
compare(["response sent", "write_notification began"], happened)

Every `send` starts uvicorn in a thread on a free port, sends, waits until the
tasks have ended, and stops it, whether the cell fails or not.

A notebook begins with `start_afresh`: its run has an empty folder of its own.
"""

import atexit
import difflib
import itertools
import json
import logging
import os
import re
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx2

from course import ports
from course.broker import Broker
from course.folders import data_dir
from course.mailbox import Mailbox, authority
from course.questions.found import find
from course.stage import changes, earlier, find_stages
from course.workers import setting, until
from fastapi_timeline import (
    Recorder,
    Recording,
    record,
    serve,
    stacked,
    svg,
    terminal,
)
from fastapi_timeline.across import environment, following, joined
from fastapi_timeline.serving import rehearse

rehearse_once = lru_cache(rehearse)  # what the first request loads
KEPT = Path(__file__).parent / "labs" / "recordings"  # by the job versions
ORDER = ("oldest", "between", "newest")
logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line a request
LONG = 100  # lines of a diff, which are then folded
LESSONS = {"stages", "solutions"}  # packages that keep settings and engines
BLOCK = re.compile(r"^@@.*@@$")  # where a part of a diff begins
IMPORTS = re.compile(r"^from .* import \($")  # over several lines
CALLED = 100.0  # seconds until a worker calls the mail server
PATIENCE = 30.0  # seconds for a response, and again for its tasks
LETTER = {
    "subject": "Hello",
    "body": "Your parcel is here.",
    "recipients": ["ada@example.com"],
}


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
        words = "; ".join(self.order)
        return _picture(svg(self.recording), repr(self), words)

    def __repr__(self) -> str:
        return terminal(self.recording)


@contextmanager
def followed() -> Iterator[Callable[[Happened], Happened]]:
    """Follow tasks into the workers that this block starts.

    What it gives waits for a request's tasks, and adds them to its picture.
    """
    folder = data_dir() / "followed"
    shutil.rmtree(folder, ignore_errors=True)  # of the last time

    def across(happened: Happened) -> Happened:
        recording = joined(happened.recording, folder, PATIENCE)
        return Happened(happened.response, recording)

    with ExitStack() as stack:
        for name, value in environment(folder).items():
            stack.enter_context(setting(name, value))
        stack.enter_context(following(folder))
        yield across


class Versions:
    """The same request on several versions of FastAPI, as kept in labs.

    `python3 start.py versions --keep` makes the recordings anew.
    """

    def __init__(self, name: str) -> None:
        files = [KEPT / f"{name}-{n}.json" for n in ORDER]
        texts = [file.read_text("utf-8") for file in files]
        self.recordings = [Recording.from_json(text) for text in texts]

    @property
    def orders(self) -> dict[str, list[str]]:
        """What happened in order, by version."""
        return {r.versions["fastapi"]: list(r.order) for r in self.recordings}

    def _repr_mimebundle_(self, **_: object) -> tuple[Any, Any]:
        """Show one picture below the other."""
        notes = [f"FastAPI {version}" for version in self.orders]
        pictures = stacked(self.recordings, notes)
        return _picture(pictures, repr(self), repr(self))

    def __repr__(self) -> str:
        rows = [f"{v}: {'; '.join(o)}" for v, o in self.orders.items()]
        return "\n".join(rows)


def _picture(drawn: str, text: str, words: str) -> tuple[Any, Any]:
    """Give what a notebook shows: a picture, its text, and the alt."""
    kind = "image/svg+xml"
    alt = f"What happened when: {words}."
    return {kind: drawn, "text/plain": text}, {kind: {"alt": alt}}


class Running:
    """A client of a running application; each answer comes with a picture."""

    def __init__(self, client: httpx2.Client, recorder: Recorder) -> None:
        self.client, self.recorder = client, recorder

    def send(self, method: str, path: str, **more: Any) -> Happened:
        """Send one request; return when its tasks have ended too.

        What is more, `json` or `files`, the client knows: it is httpx2's.
        """
        seen, began = self.recorder.seen, time.perf_counter_ns()
        response = self.client.request(method, path, **more)
        waited = (began, time.perf_counter_ns())
        self.recorder.wait(seen + 1, PATIENCE)
        return Happened(response, self.recorder.recording(client=waited))


@contextmanager
def running(app: Any) -> Iterator[Running]:
    """Run an application on a real server for as long as the block lasts."""
    rehearse_once()
    authority(data_dir())  # stages 4 and 5 want the mailbox's certificate
    with (
        record(app) as recorder,
        serve(app) as address,
        httpx2.Client(base_url=address, timeout=PATIENCE) as client,
    ):
        yield Running(client, recorder)


def send(app: Any, method: str, path: str, **more: Any) -> Happened:
    """Run an application for one request, and say what happened."""
    with running(app) as server:
        return server.send(method, path, **more)


@contextmanager
def mailbox(refuse: int = 0) -> Iterator[Mailbox]:
    """Run a mail server, always on one free port; SMTP_PORT says which."""
    os.environ["SMTP_PORT"] = str(_mail_port())
    with Mailbox(data_dir(), _mail_port(), refuse) as box:
        # what goes wrong is told by the client: the cell shows that
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        yield box


@contextmanager
def silent_mail_server() -> Iterator[Callable[[], object]]:
    """Take calls on the mailbox's port and say nothing.

    What it gives waits for the next call: then a task is in the middle of it.
    """
    with ports.listen(_mail_port()) as server, ExitStack() as calls:
        server.settimeout(CALLED)
        yield lambda: calls.enter_context(server.accept()[0])


@lru_cache
def _mail_port() -> int:
    """Choose a port once: the stages read their settings once as well.

    On Linux a socket that does not listen keeps the port, so that no other
    program takes it while the mail server is away.
    """
    if sys.platform != "linux":
        return ports.free_port()
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind((ports.HOST, 0))
    atexit.register(keeper.close)
    return ports.number_of(keeper)


def start_afresh(name: str = "") -> Path:
    """Begin a run of a notebook in an empty folder, and return its `data`.

    With a name, return the folder of this name in `data`, with the SQLite
    file of a stage. What was imported of the lessons is forgotten, so that
    the next import reads the settings anew.
    """
    folder = tempfile.TemporaryDirectory(
        prefix="lesson-", ignore_cleanup_errors=True
    )
    atexit.register(folder.cleanup)
    Path(folder.name).chmod(0o755)  # PostgreSQL may run as another user
    os.chdir(folder.name)
    _forget_lessons()
    os.environ["SMTP_PORT"] = str(_mail_port())  # for each worker, too
    authority(data_dir())  # the certificate that stages 4 and later want
    place = data_dir() / name
    if name:
        place.mkdir()
        os.environ["DATABASE_URL"] = f"sqlite:///data/{name}/tasks.db"
    return place


def _forget_lessons() -> None:
    """Drop imported stages and solutions, and the log files they opened."""
    for module in [*sys.modules]:
        if module.partition(".")[0] in LESSONS:
            del sys.modules[module]
    for handler in [*logging.root.handlers]:
        if isinstance(handler, logging.FileHandler):
            logging.root.removeHandler(handler)
            handler.close()


def start_with_broker(name: str, **settings: str) -> Broker:
    """Start afresh with a broker, and with shorter times than at work."""
    folder = start_afresh(name)
    broker = Broker(folder / "broker", port=ports.free_port())
    os.environ |= {
        "REDIS_URL": broker.url,
        "TASK_TIME_LIMIT": "5",
        "TASK_LONGEST_PAUSE": "2",
        "TASK_PUBLISH_AFTER": "1",
        **settings,
    }
    return broker


def last_row() -> Any:
    """Return the newest row of the tasks, as it is in the database."""
    import sqlalchemy as sa  # noqa: PLC0415 (slow, and only here)

    url = os.environ["DATABASE_URL"]
    query = sa.text("SELECT * FROM task_logs ORDER BY id DESC LIMIT 1")
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        return connection.execute(query).one()


def until_completed() -> None:
    """Wait until the newest task is completed."""
    until(lambda: last_row().status == "completed")


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
    stages = find_stages()
    found = [one for one in stages if one.path.name.startswith(stage)]
    if not found or found[0] == stages[0]:
        names = ", ".join(one.path.stem for one in stages[1:])
        raise ValueError(f"No stage {stage!r} that follows another: {names}.")
    lines = changes(earlier(found[0], stages), found[0])
    if found[0].path.is_file():
        lines = endpoint_first(lines)
    diff = "\n".join(["```diff", *lines, "```"])
    if len(lines) < LONG:
        return Shown(diff)
    summary = f"<summary>All {len(lines)} lines that changed</summary>"
    return Shown(f'<details markdown="1">{summary}\n\n{diff}\n\n</details>')


def endpoint_first(diff: Sequence[str]) -> list[str]:
    """Begin a diff with the part that has the endpoint; omit imports."""
    parts = [_without_imports(part) for part in _parts(diff[2:])]
    parts.sort(key=lambda part: not any("@app." in line for line in part))
    return [*diff[:2], *itertools.chain.from_iterable(parts)]


def _parts(lines: Sequence[str]) -> Iterator[list[str]]:
    """Cut a diff where one of its parts begins."""
    starts = [n for n, line in enumerate(lines) if BLOCK.match(line)]
    for start, end in itertools.pairwise([*starts, len(lines)]):
        yield [*lines[start:end]]


def _without_imports(part: list[str]) -> list[str]:
    """Omit a part's first line, its imports and the module's docstring.

    Omit the whole part if nothing else changes there.
    """
    kept, inside = [], False
    for line in part[1:]:
        text = line[1:]
        if inside or text.startswith(("import ", "from ")):
            inside = text != ")" and (inside or bool(IMPORTS.match(text)))
        elif not text.startswith(('"""', "Notebook: ", "app = ")):
            kept.append(line)
    while kept and not kept[0].strip():
        del kept[0]
    changed = any(line[:1] in {"+", "-"} and line[1:].strip() for line in kept)
    return ["@@ … @@", *kept] if changed else []


def source(thing: Any) -> Shown:
    """Show the code of a function or a class as it stands in its file."""
    import inspect  # noqa: PLC0415 (slow, and only here)

    return Shown(f"```python\n{inspect.getsource(thing).rstrip()}\n```")


def questions(notebook: str) -> Shown:
    """Name the questions that a notebook, named as in "01", answers."""
    lines = [
        f"- **{each.number}** [{each.title}](../questions/{each.path.name})"
        for each in find()
        if each.notebook.startswith(notebook)
    ]
    return Shown("\n".join(lines))


def compare(
    guess: Sequence[str],
    happened: Happened | Sequence[str],
    among: Sequence[str] = (),
) -> Shown:
    """Put a guess beside the order of what really happened.

    `among` names the moments that were to be ordered; all, without it.
    Without a guess, the answer is folded.
    """
    order = happened.order if isinstance(happened, Happened) else happened
    order = [moment for moment in order if not among or moment in among]
    if not guess:
        answer = table(["what happened"], [[moment] for moment in order])
        return Shown(
            "**What do you think?** Write your guess into the list above, and"
            " run both cells again.\n\n"
            '<details markdown="1"><summary>What happened</summary>\n\n'
            f"{answer.markdown}\n\n</details>"
        )
    rows: list[list[str]] = []
    matcher = difflib.SequenceMatcher(None, guess, order, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        for n in range(max(b - a, d - c)):
            left = guess[a + n] if a + n < b else ""
            right = order[c + n] if c + n < d else ""
            sign = "✓" if kind == "equal" else "✗"
            rows.append([sign, left, right])
    same = list(guess) == order
    verdict = "As you said." if same else "Not quite as you said."
    both = table(["", "your guess", "what happened"], rows)
    return Shown(f"{both.markdown}\n\n**{verdict}**")


def table(head: Sequence[object], rows: Sequence[Sequence[object]]) -> Shown:
    """Show rows below their heads."""
    lines = [head, ["---"] * len(head), *rows]
    cells = [" | ".join(map(str, line)) for line in lines]
    return Shown("\n".join(f"| {line} |" for line in cells))


def pretty(data: Any) -> Shown:
    """Show JSON on several lines."""
    return Shown(f"```json\n{json.dumps(data, indent=2)}\n```")
