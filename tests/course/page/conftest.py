"""The page on a real server, for tests that send to it or look at it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI

from course.folders import data_dir
from course.grader.exercises import Course as Learner
from course.mailbox import authority
from course.page.app import create_app
from course.stage import find_stages
from tests.servers import Server, forget_settings


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an application; give its address."""
    server = Server(app)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert server.ready.wait(60)
    yield server.address
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder in which the page is served."""
    return tmp_path_factory.mktemp("course")


@pytest.fixture
def inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in that folder: the stages write to `data` of where one is."""
    monkeypatch.chdir(folder)


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Serve the page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        authority(data_dir())
        forget_settings()
        app = create_app(find_stages(), None, Learner(folder))
        with served(app) as found:
            yield found
        forget_settings()
