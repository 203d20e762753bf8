"""What two processes wrote, laid beside a recording of one request."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fastapi_timeline import Recording, sentence, svg, terminal
from fastapi_timeline.across import joined
from fastapi_timeline.across.journal import clock, state
from fastapi_timeline.model import Event, Lane

MS = 1_000_000
REQUEST = Recording(
    "POST",
    "/orders",
    (Lane("endpoint", "order"),),
    (
        Event(0, "arrived"),
        Event(1 * MS, "began", 0),
        Event(2 * MS, "joined", note="key"),
        Event(4 * MS, "ended", 0),
        Event(5 * MS, "started", note="200"),
        Event(6 * MS, "sent"),
    ),
)


class Written:
    """A folder as processes write it; times are ms after the arrival."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def process(
        self,
        name: str,
        *lines: tuple[float, str, dict[str, Any]],
        host: str = "web",
        own: str = "one",
        ahead: float = 0,
        pid: int = 1,
        started: str = "",
    ) -> None:
        """Write a file; `own` names its clock, `ahead` is its wall clock."""
        about = {"format": 1, "host": host, "pid": pid, "clock": own}
        about |= {"program": name, "started": started}
        start = 1000 if own == "one" else 777_000
        with (self.folder / f"{name}.jsonl").open("w") as file:
            for ms, what, more in [(0.0, "process", about), *lines]:
                at = int((start + ms) * MS)
                wall = int((5000 + ms + ahead) * MS)
                line = {"at": at, "wall": wall, "what": what, **more}
                file.write(json.dumps(line) + "\n")


PUBLISHED = {"engine": "RQ", "task": "RQ 1", "name": "shop.send"}
RUN = {**PUBLISHED, "run": "1"}
WEB = (
    (2.0, "request", {"request": "key"}),
    (2.0, "row", {"name": "orders", "request": "key", "done": 1002.5 * MS}),
    (3.0, "published", {**PUBLISHED, "request": "key"}),
)


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Give a folder to write into."""
    return Written(tmp_path)


def test_one_order_from_the_request_to_the_end_of_its_task(
    written: Written,
) -> None:
    """A row, its commit, the message, each attempt: where they happened."""
    written.process("web", *WEB)
    written.process(
        "worker",
        (8.0, "began", RUN),
        (9.0, "ended", {"run": "1", "error": "SMTPError"}),
        (9.5, "published", PUBLISHED),
        (20.0, "began", {**RUN, "run": "2"}),
        (21.0, "ended", {"run": "2", "error": ""}),
        pid=2,
    )
    picture = joined(REQUEST, written.folder)
    assert sentence(picture) == (
        "order began → orders inserted → orders committed → send published"
        " → order ended → response sent → send began → send raised SMTPError"
        " → send published → send began → send ended"
    )
    assert picture.remarks == (
        "process 0: the request's own: web, pid 1.",
        "process 1: worker, pid 2.",
    )
    assert Recording.from_json(picture.to_json()) == picture


def test_a_request_without_tasks_stays_as_it_was(tmp_path: Path) -> None:
    """Nothing is joined that was not published."""
    plain = replace(REQUEST, events=REQUEST.events[:2])
    assert joined(plain, tmp_path) is plain


def test_it_is_said_that_the_folder_has_nothing(tmp_path: Path) -> None:
    """Another folder, or one that was emptied."""
    assert "No file in the folder" in joined(REQUEST, tmp_path).lost


def test_the_clocks_of_two_hosts_are_said(written: Written) -> None:
    """They are compared by their wall clocks, which may differ."""
    written.process("web", *WEB)
    ended = (9.0, "ended", {"run": "1", "error": ""})
    worker = ((8.0, "began", RUN), ended)
    written.process("worker", *worker, host="other", own="two")
    picture = joined(REQUEST, written.folder)
    at = {e.what: e.at for e in picture.events if e.where == "process 1"}
    assert at == {"ended": 9 * MS, "began": 8 * MS}
    assert "other has a clock of its own" in terminal(picture)
    assert "process 1: worker, pid 1 on other." in picture.remarks


def test_a_clock_that_says_the_impossible_is_corrected(
    written: Written,
) -> None:
    """A task cannot begin before it was published."""
    written.process("web", *WEB)
    ended = (9.0, "ended", {"run": "1", "error": ""})
    worker = ((8.0, "began", RUN), ended)
    away = {"host": "other", "own": "two", "ahead": -3000}
    written.process("worker", *worker, **away)  # type: ignore[arg-type]
    picture = joined(REQUEST, written.folder)
    order = [step for step in picture.order if step.startswith("send ")]
    assert order == ["send published", "send began", "send ended"]
    assert "at least 2995.0 ms behind" in " ".join(picture.remarks)


def test_a_message_that_the_broker_refused(written: Written) -> None:
    """It is in no queue, and the picture says why."""
    refused = {**PUBLISHED, "request": "key", "error": "ConnectionError"}
    written.process("web", WEB[0], (3.0, "published", refused))
    picture = joined(REQUEST, written.folder)
    assert "send refused: ConnectionError" in picture.order
    assert "refused" in svg(picture)


def test_a_message_that_nobody_has_taken_yet(written: Written) -> None:
    """It waits, until the end of the picture."""
    written.process("web", *WEB)
    text = terminal(joined(REQUEST, written.folder))
    assert any("send" in x and "waits" in x for x in text.splitlines())


def test_a_task_whose_process_is_gone(written: Written) -> None:
    """It has no end, and nobody knows when it stopped."""
    gone = {"host": os.uname().nodename, "own": clock(), "pid": 2**22 + 1}
    written.process("web", *WEB)
    written.process("worker", (8.0, "began", RUN), **gone)  # type: ignore[arg-type]
    picture = joined(REQUEST, written.folder)
    assert picture.order[-1] == "send was cut: its process is gone"
    assert "no end seen" in terminal(picture)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has none")
def test_a_killed_process_is_gone_before_its_parent_asks(
    written: Written,
) -> None:
    """Until then the system still has its number."""
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    gone = {"host": os.uname().nodename, "own": clock(), "pid": child}
    written.process("web", *WEB)
    written.process("worker", (8.0, "began", RUN), **gone)  # type: ignore[arg-type]
    picture = joined(REQUEST, written.folder)
    os.waitpid(child, 0)
    assert picture.order[-1] == "send was cut: its process is gone"


@pytest.mark.skipif(not state(os.getpid())[1], reason="only Linux says it")
def test_a_number_that_another_process_has_now(written: Written) -> None:
    """The one that had it before is gone, and is not taken for this one."""
    gone = {"host": os.uname().nodename, "own": clock(), "pid": os.getpid()}
    written.process("web", *WEB)
    run = (8.0, "began", RUN)
    written.process("worker", run, **gone, started="1")  # type: ignore[arg-type]
    picture = joined(REQUEST, written.folder)
    assert picture.order[-1] == "send was cut: its process is gone"
    now = state(os.getpid())[1]
    written.process("worker", run, **gone, started=now)  # type: ignore[arg-type]
    assert joined(REQUEST, written.folder).order[-1] == "send began"


def test_tasks_that_tasks_publish_belong_to_the_request(
    written: Written,
) -> None:
    """All that followed from it is in its picture, and nothing else."""
    child = {"engine": "RQ", "task": "RQ 2", "name": "bill"}
    other = {"engine": "RQ", "task": "RQ 3", "name": "stranger"}
    written.process("web", *WEB)
    written.process(
        "worker",
        (8.0, "began", RUN),
        (8.5, "published", {**child, "parent": "RQ 1"}),
        (8.6, "published", {**other, "parent": "RQ 9"}),
        (9.0, "ended", {"run": "1", "error": ""}),
    )
    picture = joined(REQUEST, written.folder)
    assert "bill published" in picture.order
    assert "stranger" not in picture.to_json()


def test_a_task_that_was_to_be_sent_later(written: Written) -> None:
    """A scheduler gives it another ID: the schedule's leads to it."""
    later = {**PUBLISHED, "request": "key", "task": "RQ schedule"}
    written.process("web", WEB[0], (3.0, "published", later))
    run = {**RUN, "alias": "RQ schedule"}
    ended = (9.0, "ended", {"run": "1", "error": ""})
    written.process("worker", (8.0, "began", run), ended)
    picture = joined(REQUEST, written.folder)
    assert picture.order[-2:] == ("send began", "send ended")


def test_lines_that_are_none_are_counted(written: Written) -> None:
    """A full disk leaves half a line; the rest of the file is read."""
    written.process("web", *WEB)
    path = written.folder / "web.jsonl"
    path.write_text(path.read_text() + '{"at": 12\n[]\nhalf')
    picture = joined(REQUEST, written.folder)
    assert "2 lines could not be read" in picture.lost
    assert "send published" in picture.order
