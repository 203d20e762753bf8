"""What every test may use: a folder of its own, a real server."""

import contextlib
import tempfile
import threading
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path

import httpx2
import psycopg
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from course import database
from course.mailbox import authority
from tests.servers import Alone, Live, Server, StartAlone

SETTINGS = [
    "REDIS_URL",
    *("DATABASE_URL", "SMTP_SERVER", "SMTP_PORT"),
    *("SENDER_EMAIL", "SENDER_PASSWORD"),
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one process run a file's tests, or those of one engine in it."""
    if not items or not items[0].config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        parameters = getattr(item, "callspec", None)
        engine = parameters.params.get("engine", "") if parameters else ""
        group = f"{item.path} {engine}"
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[
    None, pytest.TestReport, pytest.TestReport
]:
    """Let a log with half a character reach the process that reports it."""
    report = yield
    report.sections = [
        (name, text.encode(errors="replace").decode())
        for name, text in report.sections
    ]
    return report


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let each test start in a folder of its own, with no settings made."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def certificate(data_dir: Path) -> Path:
    """Let the stages from 4 on start: they want the mailbox's certificate."""
    authority(data_dir)
    return data_dir / "mailbox-ca.pem"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Run a real PostgreSQL server for as long as the tests run.

    Its database is everybody's: what writes uses `new_postgresql`.
    Where root runs the tests, the server runs as somebody else, who may not
    enter pytest's folders.
    """
    with tempfile.TemporaryDirectory(prefix="postgresql-") as folder:
        Path(folder).chmod(0o755)
        with database.postgresql(Path(folder)) as url:
            yield url


@pytest.fixture
def new_postgresql(postgresql: str) -> Iterator[str]:
    """Give the address of an empty PostgreSQL database of the test's own."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgresql, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        url = sa.make_url(postgresql).set(database=name)
        yield url.render_as_string(hide_password=False)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def live() -> Live:
    """Give a client of the application on a real server.

    A TestClient waits until the background tasks are done, so it can't show
    that the response comes first. A server can.
    """

    @contextlib.contextmanager
    def serve(app: FastAPI) -> Iterator[httpx2.Client]:
        server = Server(app)
        thread = threading.Thread(target=server.run)
        thread.start()
        assert server.ready.wait(10)
        try:
            with httpx2.Client(base_url=server.address) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(10)

    return serve


@pytest.fixture
def alone() -> Iterator[StartAlone]:
    """Start a stage with plain uvicorn; it is stopped after the test."""
    started: list[Alone] = []

    def start(module: str, *options: str) -> Alone:
        target = [f"stages.{module}:app", "--port", "0", *options]
        started.append(Alone("uvicorn", *target))
        return started[-1]

    yield start
    for each in started:
        each.kill()
