"""Stage 1: the response comes first, and the notification is written."""

import os
import sys
import threading
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from stages.s01_background_tasks import app, write_notification
from tests.servers import Live


def test_the_answer_says_what_will_happen() -> None:
    """The client learns that the work goes on in the background."""
    with TestClient(app) as client:
        response = client.post("/send-notification/ada@example.com")
    assert response.status_code == 200
    assert response.json() == {
        "message": "Notification sent in the background"
    }


def test_the_notification_is_written(data_dir: Path) -> None:
    """The task ran, once: a TestClient returns when it is done."""
    with TestClient(app) as client:
        client.post("/send-notification/ada@example.com")
    written = (data_dir / "notifications.txt").read_text("utf-8")
    assert written == "Notification for ada@example.com: Hello World!\n"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a named pipe")
def test_the_response_comes_before_the_work(
    live: Live, data_dir: Path
) -> None:
    """The client has its answer while the task still waits to write.

    The notification log is a named pipe: it can't be opened for writing
    until somebody reads it, and the test reads only after the response.
    """
    pipe = data_dir / "notifications.txt"
    os.mkfifo(pipe)
    with live(app) as client:
        response = client.post("/send-notification/ada@example.com")
        assert response.status_code == 200
        written = pipe.read_text("utf-8")
    assert written == "Notification for ada@example.com: Hello World!\n"


@pytest.mark.parametrize(
    "address",
    ["not-an-email", "a@b@c", "ada@example.com\nforged"],
)
def test_an_invalid_address_starts_no_task(
    address: str, data_dir: Path
) -> None:
    """The endpoint never ran, so nothing was scheduled."""
    with TestClient(app) as client:
        path = f"/send-notification/{address}".replace("\n", "%0A")
        assert client.post(path).status_code == 422
    assert (data_dir / "notifications.txt").read_text("utf-8") == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
def test_a_full_disk_is_one_line_in_the_log(
    data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The notification is lost, the log says so, the server stays up."""
    (data_dir / "notifications.txt").symlink_to("/dev/full")
    write_notification("ada@example.com", "Hello World!")
    (record,) = caplog.records
    assert "ada@example.com not notified: " in record.getMessage()
    assert record.exc_info is None


def test_notifications_written_at_once_stay_whole(data_dir: Path) -> None:
    """Each line is there once, and none is torn."""
    threads = [
        threading.Thread(target=write_notification, args=(f"{n}@x.org", "Hi"))
        for n in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = (data_dir / "notifications.txt").read_text("utf-8").splitlines()
    expected = [f"Notification for {n}@x.org: Hi" for n in range(50)]
    assert sorted(lines) == sorted(expected)
