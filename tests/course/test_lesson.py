"""What the notebooks are made with: servers, guesses, pictures."""

import os
import smtplib
import socket
import sqlite3
import ssl
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from fastapi import BackgroundTasks, FastAPI

from course import lesson

SET_BY_A_LESSON = [
    *("DATABASE_URL", "SMTP_PORT", "REDIS_URL", "TASK_TIME_LIMIT"),
    *("TASK_LONGEST_PAUSE", "TASK_PUBLISH_AFTER", "TASK_LOST_AFTER"),
]


@pytest.fixture
def modules() -> Iterator[None]:
    """Put back what a lesson makes Python forget."""
    before = dict(sys.modules)
    yield
    sys.modules.update(before)


@pytest.fixture
def app() -> FastAPI:
    """Give an application with one task."""
    app = FastAPI()

    def work() -> None:
        pass

    @app.post("/")
    async def order(tasks: BackgroundTasks) -> int:
        tasks.add_task(work)
        return 1

    return app


def test_a_request_is_sent_and_its_order_told(app: FastAPI) -> None:
    """A real server answers; the picture's words are its alt text."""
    happened = lesson.send(app, "POST", "/")
    assert (happened.status, happened.json) == (200, 1)
    assert happened.order == [
        "order began",
        "order ended",
        "response sent",
        "work began",
        "work ended",
    ]
    data, about = happened._repr_mimebundle_()
    assert data["image/svg+xml"].startswith("<svg")
    assert "response sent; work began" in about["image/svg+xml"]["alt"]


def test_the_server_stops_when_the_cell_fails(app: FastAPI) -> None:
    """What a cell raises ends its server too."""
    with pytest.raises(KeyError), lesson.running(app) as server:
        raise KeyError
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(server.client.base_url)


def test_a_guess_is_put_beside_what_happened() -> None:
    """Each row is marked, and the verdict says if all are the same."""
    wrong = lesson.compare(["b", "a"], ["a", "other", "b"], among=["a", "b"])
    assert wrong.markdown.splitlines()[2:5] == [
        "| ✗ |  | a |",
        "| ✓ | b | b |",
        "| ✗ | a |  |",
    ]
    assert wrong.markdown.endswith("**Not quite as you said.**")
    right = lesson.compare(["a", "b"], ["a", "other", "b"], among=["a", "b"])
    assert right.markdown.endswith("**As you said.**")


def test_without_a_guess_the_answer_is_folded() -> None:
    """The reader is asked first, and is not called wrong."""
    text = lesson.compare([], ["a", "other", "b"], among=["a", "b"]).markdown
    question, _, answer = text.partition("<details")
    assert question.startswith("**What do you think?**")
    assert "| a |" not in question
    assert "| a |\n| b |" in answer
    assert "Not quite" not in text


def test_a_diff_begins_with_the_endpoint_and_has_no_imports() -> None:
    """The idea of a stage is seen first."""
    for stage in ("s02", "s04", "s05"):
        text = lesson.new_in(stage).markdown
        first = text.split("@@ … @@")[1]
        assert "@app." in first
        assert not [
            line
            for line in text.splitlines()
            if line[1:].startswith(("import ", "from "))
        ]


def test_the_diff_to_the_stage_before_is_shown() -> None:
    """A long one is folded; the first stage has none, and says which have."""
    assert lesson.new_in("s05").markdown.startswith("<details")
    assert "+++ s02_task_dependency.py" in lesson.new_in("s02").markdown
    with pytest.raises(ValueError, match="s02_task_dependency, s03"):
        lesson.new_in("s01")


def test_the_mailbox_is_where_the_environment_says(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has one port for the process: settings are read once as well."""
    monkeypatch.setenv("SMTP_PORT", "1")
    ports = []
    for _ in range(2):
        with lesson.mailbox(refuse=1) as box:
            ports.append(os.environ["SMTP_PORT"])
            tls = ssl.create_default_context(
                cafile=data_dir / "mailbox-ca.pem"
            )
            with smtplib.SMTP("localhost", box.port, timeout=10) as smtp:
                assert smtp.starttls(context=tls)[0] == 220
    assert ports == [str(box.port)] * 2


def test_the_kept_recordings_tell_three_versions() -> None:
    """The request's session is left before the response on one of them."""
    versions = lesson.Versions("borrowed")
    left_first = [
        order.index("get_db left") < order.index("response sent")
        for order in versions.orders.values()
    ]
    assert left_first == [False, True, False]
    data, about = versions._repr_mimebundle_()
    assert data["image/svg+xml"].count("<svg") == 4
    assert "0.117.1: get_db entered" in about["image/svg+xml"]["alt"]


@pytest.mark.usefixtures("modules")
def test_a_lesson_starts_with_an_empty_folder_and_its_settings(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the last run left is not there, and its stage finds a database."""
    for name in ("DATABASE_URL", "SMTP_PORT"):
        monkeypatch.setenv(name, "1")
    (data_dir / "notifications.txt").touch()
    found = {path.name for path in lesson.start_afresh().iterdir()}
    assert "notifications.txt" not in found
    folder = lesson.start_afresh("lesson")
    assert folder == Path("data/lesson").absolute()
    assert not [*folder.iterdir()]
    assert os.environ["DATABASE_URL"] == "sqlite:///data/lesson/tasks.db"
    with lesson.mailbox() as box:
        assert os.environ["SMTP_PORT"] == str(box.port)


@pytest.mark.usefixtures("modules")
def test_a_second_run_in_one_kernel_begins_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The stage is imported again, so its settings and its engine are new."""
    monkeypatch.setenv("SMTP_PORT", "1")
    lesson.start_afresh()
    from stages import s04_email_service as first  # noqa: PLC0415

    kept = first.get_email_config
    lesson.start_afresh()
    from stages import s04_email_service as second  # noqa: PLC0415

    assert second.get_email_config is not kept


@pytest.mark.usefixtures("modules")
def test_a_lesson_with_a_broker_has_short_times_and_reads_its_last_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The broker answers where REDIS_URL says; a row is read by its column."""
    for name in SET_BY_A_LESSON:  # what is set ends with the test
        monkeypatch.setenv(name, "1")
    with lesson.start_with_broker("lesson", TASK_LOST_AFTER="8") as broker:
        assert os.environ["REDIS_URL"] == broker.url
        assert os.environ["TASK_TIME_LIMIT"] == "5"
        assert os.environ["TASK_LOST_AFTER"] == "8"
    with (
        closing(sqlite3.connect("data/lesson/tasks.db")) as rows,
        rows,
    ):
        rows.execute("CREATE TABLE task_logs (id INTEGER, status TEXT)")
        rows.execute("INSERT INTO task_logs VALUES (1, 'x'), (2, 'completed')")
    assert lesson.last_row().id == 2
    lesson.until_completed()


@pytest.mark.usefixtures("modules")
def test_a_silent_mail_server_is_called_and_then_the_mailbox_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A call is noticed, ends with the block, and leaves the port free."""
    monkeypatch.setenv("SMTP_PORT", "1")
    lesson.start_afresh("lesson")
    where = ("127.0.0.1", int(os.environ["SMTP_PORT"]))
    with lesson.silent_mail_server() as wait_for_call:
        call = socket.create_connection(where, 30)
        wait_for_call()
    with call:
        assert call.recv(1) == b""
    with lesson.mailbox() as box, smtplib.SMTP(*where, timeout=10) as smtp:
        assert smtp.noop()[0] == 250
        assert not box.mails
