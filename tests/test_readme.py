"""The README is true: its commands exist, and its requests are answered."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient

from course import ports
from course.mailbox import Mailbox
from course.page.app import create_app
from course.stage import find_stages
from stages.s01_background_tasks import app
from tests.servers import ROOT, Live, forget_settings

TEXT = (ROOT / "README.md").read_text("utf-8")
CURLS = re.findall(r"^curl .*", TEXT, re.MULTILINE)


@pytest.fixture
def course(
    live: Live, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[httpx2.Client]:
    """Serve the page with all its stages, and a mailbox."""
    port = ports.free_port()
    monkeypatch.setenv("SMTP_PORT", str(port))
    forget_settings()
    with Mailbox(data_dir, port) as mailbox:
        page = create_app(find_stages(), mailbox)
        with live(page) as client:
            yield client
    forget_settings()


def test_every_request_to_try_is_answered(course: httpx2.Client) -> None:
    """Each curl command of the README gets a 200, in their order."""
    assert len(CURLS) == 4
    for command in CURLS:
        words = iter(shlex.split(command)[1:])
        method, url, body = "GET", "", None
        for word in words:
            if word == "-X":
                method = next(words)
            elif word == "--json":
                method, body = "POST", next(words)
            else:
                url = word.removeprefix("http://127.0.0.1:8000")
        headers = {"content-type": "application/json"} if body else {}
        answer = course.request(method, url, content=body, headers=headers)
        assert answer.status_code == 200, command
    rows = course.get("/stages/05/task-logs/").json()
    assert [row["task_name"] for row in rows] == ["crash"]


def test_the_example_of_a_test_holds() -> None:
    """The README's Python runs as it stands."""
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    with TestClient(app) as client:
        names = {"app": app, "client": client}
        exec(code, names)  # noqa: S102 (it is our own)


def test_every_stage_is_in_the_table() -> None:
    """The table says what the stages say of themselves."""
    for stage in find_stages():
        title = stage.title[0].lower() + stage.title[1:]
        assert f"| [{stage.number}](stages/{stage.path.name}) | {title} |" in (
            TEXT
        )
