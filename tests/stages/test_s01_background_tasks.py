"""Stage 1: the response comes first, and the notification is written."""

import os
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from stages.s01_background_tasks import NOTIFICATIONS, app
from tests.servers import Live


def test_the_answer_says_what_will_happen() -> None:
    """The client learns that the work goes on in the background."""
    response = TestClient(app).post("/send-notification/ada@example.com")
    assert response.status_code == 200
    assert response.json() == {
        "message": "Notification sent in the background"
    }


def test_the_notification_is_written() -> None:
    """The task ran, once: a TestClient returns when it is done."""
    TestClient(app).post("/send-notification/ada@example.com")
    assert NOTIFICATIONS.read_text("utf-8") == (
        "Notification for ada@example.com: Hello World!\n"
    )


def test_an_invalid_address_starts_no_task() -> None:
    """The endpoint never ran, so nothing was scheduled."""
    response = TestClient(app).post("/send-notification/not-an-email")
    assert response.status_code == 422
    assert not NOTIFICATIONS.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a named pipe")
def test_the_response_comes_before_the_work(
    live: Live, data_dir: Path
) -> None:
    """The client has its answer while the task still waits to write.

    The file is a named pipe: the task cannot open it before the test reads
    from it, and the test reads only after the response.
    """
    pipe = data_dir / "notifications.txt"
    os.mkfifo(pipe)
    with live(app) as client:
        response = client.post("/send-notification/ada@example.com")
        assert response.status_code == 200
        assert "Hello World!" in pipe.read_text("utf-8")
