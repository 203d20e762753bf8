"""Stage 3: what the task needs can be replaced as well."""

import logging
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
    """A handler that remembers each record as a line of text."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the level and the message."""
        self.lines.append(f"{record.levelname} {record.getMessage()}")


@pytest.fixture
def log() -> Lines:
    """Give a handler to look into; no logger is mocked."""
    return Lines()


@pytest.fixture
def logger(log: Lines) -> Iterator[logging.Logger]:
    """Give a logger of the test's own in place of the stage's."""
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


@pytest.mark.usefixtures("logger")
def test_a_replaced_logger_reaches_the_task(log: Lines) -> None:
    """FastAPI hands the override on, two dependencies further down."""
    TestClient(app).post("/send-notification/ada@example.com")
    assert log.lines == [
        "INFO Sending notification to ada@example.com",
        "INFO Notification sent to ada@example.com",
    ]


@pytest.mark.usefixtures("logger")
def test_nothing_is_logged_for_an_invalid_address(log: Lines) -> None:
    """The lines belong to the task, and no task was started."""
    TestClient(app).post("/send-notification/not-an-email")
    assert log.lines == []


def test_a_failure_is_logged_and_raised(
    logger: logging.Logger, log: Lines, data_dir: Path
) -> None:
    """The log does not say "sent", and the server learns of it too."""
    (data_dir / "notifications.txt").mkdir()  # no file can be opened there
    task = get_notification_task(logger)
    with pytest.raises(OSError, match=r"notifications\.txt"):
        task("ada@example.com", "Test message")
    assert log.lines == [
        "INFO Sending notification to ada@example.com",
        "ERROR Notification to ada@example.com failed",
    ]


def test_each_line_is_logged_once_however_many_requests(
    alone: StartAlone, data_dir: Path
) -> None:
    """Logging is set up at the start: no request adds a second handler."""
    stage = alone("s03_chained_dependencies")
    address = stage.start()
    for _ in range(3):
        url = f"{address}/send-notification/ada@example.com"
        assert httpx2.post(url).status_code == 200
    stage.end()
    log = (data_dir / "background_tasks.log").read_text("utf-8")
    assert log.count("Notification sent to ada@example.com") == 3
