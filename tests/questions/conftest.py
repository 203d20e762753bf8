"""What the tests of the questions use; it needs nothing of tests/conftest.py.

So the job `questions` can run them in small environments of other versions.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from course.questions.running import Served, Way, load, running

from .processes import Process

ROOT = Path(__file__).parents[2]
Happens = Callable[[str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --swapped: then the tests of `right` get `wrong`, and must fail."""
    help_ = "give the tests of each question's right way the wrong one"
    parser.addoption("--swapped", action="store_true", help=help_)


class Question:
    """The question of a test's file: test_q07.py tests questions/q07_….py."""

    def __init__(self, path: Path, *, swapped: bool) -> None:
        self.name = f"questions.{path.stem}"
        self.module = load(self.name)
        self.wrong = Way(self.module, "wrong")
        self.right = Way(self.module, "wrong" if swapped else "right")

    def running(self) -> AbstractContextManager[Served]:
        """Serve its application, for several requests: `with` gives it."""
        return running(self.module)


@contextmanager
def sent_by_hand(server: Served, way: Way) -> Iterator[socket.socket]:
    """POST to a way and give the connection, to read slowly or to leave."""
    address = urlsplit(server.address)
    place = (str(address.hostname), address.port)
    with socket.create_connection(place) as client:
        client.sendall(
            f"POST {way.path} HTTP/1.1\r\nhost: shop\r\n"
            "content-length: 0\r\nconnection: close\r\n\r\n".encode()
        )
        yield client


@pytest.fixture
def question(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Question]:
    """Give the question that the test's file is named for, imported anew.

    If it has a database, its connections are closed after the test.
    """
    monkeypatch.chdir(tmp_path)
    number = request.path.stem.removeprefix("test_")
    (path,) = ROOT.glob(f"questions/{number}_*.py")
    question = Question(path, swapped=request.config.getoption("--swapped"))
    yield question
    if engine := getattr(question.module, "engine", None):
        getattr(engine, "sync_engine", engine).dispose()


@pytest.fixture
def happens(record_property: Callable[[str, object], None]) -> Happens:
    """Keep what happens, in a few words, for the table of versions."""
    return lambda text: record_property("happens", text)


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    """Start `python -m …` as a process of its own; it is ended at the end."""
    started: list[Process] = []

    def start(*command: str, **settings: str) -> Process:
        started.append(Process(command, settings))
        return started[-1]

    yield start
    for process in reversed(started):
        process.kill()
