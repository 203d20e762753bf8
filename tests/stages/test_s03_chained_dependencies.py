"""Stage 3: what the task needs can be replaced as well."""

import errno
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient

from stages.s03_chained_dependencies import (
    app,
    get_logger,
    get_notification_task,
)
from tests.servers import StartAlone


class Lines(logging.Handler):
    """A log that remembers what was said, as lines of text."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the level and the message."""
        self.lines.append(f"{record.levelname} {record.getMessage()}")


@pytest.fixture
def log() -> Lines:
    """Give a real logger's handler; nothing is mocked."""
    return Lines()


@pytest.fixture
def logger(log: Lines) -> Iterator[logging.Logger]:
    """Give a logger of the test's own, to hand in place of the stage's."""
    made = logging.getLogger("the test's")
    made.setLevel(logging.INFO)
    made.addHandler(log)
    app.dependency_overrides[get_logger] = lambda: made
    yield made
    made.removeHandler(log)
    app.dependency_overrides.clear()


def test_the_task_can_be_called_without_an_application(
    logger: logging.Logger, log: Lines
) -> None:
    """A provider is a function: hand it a logger, and it gives the task."""
    task = get_notification_task(logger)
    task("ada@example.com", "Test message")
    assert log.lines == [
        "INFO Sending notification to ada@example.com",
        "INFO Notification sent to ada@example.com",
    ]


def test_a_replaced_logger_reaches_the_task(
    logger: logging.Logger, log: Lines
) -> None:
    """FastAPI hands the override on, two dependencies further down."""
    with TestClient(app) as client:
        client.post("/send-notification/ada@example.com")
    assert log.lines == [
        "INFO Sending notification to ada@example.com",
        "INFO Notification sent to ada@example.com",
    ]


def test_nothing_is_logged_for_an_invalid_address(
    logger: logging.Logger, log: Lines
) -> None:
    """The lines belong to the task, and no task was started."""
    with TestClient(app) as client:
        client.post("/send-notification/not-an-email")
    assert log.lines == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
def test_a_full_disk_is_one_clear_line(
    logger: logging.Logger, log: Lines, data_dir: Path
) -> None:
    """The failure is logged with its reason; "sent" is not claimed."""
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    (data_dir / "notifications.txt").symlink_to("/dev/full")
    get_notification_task(logger)("ada@example.com", "Test message")
    assert log.lines == [
        "INFO Sending notification to ada@example.com",
        f"ERROR ada@example.com not notified: {full}",
    ]


def test_each_line_is_logged_once_however_many_requests(
    alone: StartAlone, data_dir: Path
) -> None:
    """Logging is set up at start-up: no request adds a second handler."""
    stage = alone("s03_chained_dependencies")
    address = stage.start()
    for _ in range(3):
        url = f"{address}/send-notification/ada@example.com"
        assert httpx2.post(url).status_code == 200
    output = stage.end()
    log = (data_dir / "background_tasks.log").read_text("utf-8")
    for text in (output, log):
        assert text.count("Notification sent to ada@example.com") == 3
    assert output.count('"POST /send-notification/') == 3  # uvicorn's own
