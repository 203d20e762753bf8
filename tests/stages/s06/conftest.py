"""What the tests of stage 6 share: a folder, databases, an application."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker

from stages.s06_at_work.app import app
from stages.s06_at_work.backlog import limit
from stages.s06_at_work.database import get_session_factory
from stages.s06_at_work.start_up import prepare
from stages.s06_at_work.tasks import overrides
from tests.servers import REAL, forget_settings

PREFIXES = ("DATABASE_", "TASK_", "SMTP_", "SENDER_")


@pytest.fixture(autouse=True)
def folder(
    tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Work in a folder that has a `data/`, with the settings' defaults."""
    monkeypatch.chdir(tmp_path)
    for name in [*os.environ]:
        if name.startswith(PREFIXES):
            monkeypatch.delenv(name)
    forget_settings()
    limit.next_look = 0
    yield data_dir
    overrides.clear()
    forget_settings()
    sys.tracebacklimit = 1000


@pytest.fixture(params=REAL)
def database(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Set DATABASE_URL to an empty database, once of each kind."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("new_postgresql")
    else:
        url = "sqlite:///data/tasks.db"
    monkeypatch.setenv("DATABASE_URL", url)
    return url


@pytest.fixture
def session_factory(database: str) -> sessionmaker[Session]:
    """Prepare the database, and give what makes its sessions."""
    prepare()
    return get_session_factory()


@pytest.fixture
def client(database: str) -> Iterator[TestClient]:
    """Run the application; what it raises becomes a 500 as at work."""
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client
