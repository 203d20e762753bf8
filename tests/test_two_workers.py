"""Two worker processes, two thousand requests: nothing lost, nothing torn."""

import asyncio
import sqlite3
from collections import Counter
from pathlib import Path

import httpx2
import pytest

from tests.servers import StartAlone

REQUESTS, AT_ONCE = 2000, 200


async def send_all(address: str, path: str) -> Counter[int]:
    """Post to `path` with each number in it; count the status codes."""
    numbers = iter(range(REQUESTS))
    codes: Counter[int] = Counter()
    limits = httpx2.Limits(max_connections=AT_ONCE)
    async with httpx2.AsyncClient(
        base_url=address, limits=limits, timeout=60
    ) as client:

        async def send_some() -> None:
            for number in numbers:
                response = await client.post(path.format(number))
                codes[response.status_code] += 1

        await asyncio.gather(*(send_some() for _ in range(AT_ONCE)))
    return codes


@pytest.mark.parametrize(
    "module",
    [
        "s01_background_tasks",
        "s02_task_dependency",
        "s03_chained_dependencies",
        "s04_email_service",
        "s05_task_tracker",
    ],
)
def test_every_notification_is_written_once(
    alone: StartAlone, module: str, data_dir: Path
) -> None:
    """Appending a line in one write is safe across processes."""
    stage = alone(module, "--workers", "2", "--log-level", "info")
    path = "/send-notification/{}@example.com"
    codes = asyncio.run(send_all(stage.start(), path))
    stage.end()  # waits for the tasks
    assert codes == {200: REQUESTS}
    lines = (data_dir / "notifications.txt").read_text("utf-8").splitlines()
    line = "Notification for {}@example.com: Hello World!"
    assert sorted(lines) == sorted(line.format(n) for n in range(REQUESTS))


def test_every_task_is_recorded_once(
    alone: StartAlone, data_dir: Path
) -> None:
    """Two processes share one SQLite file, and each task has its row."""
    stage = alone("s05_task_tracker", "--workers", "2", "--no-access-log")
    codes = asyncio.run(send_all(stage.start(), "/run-task/{}"))
    said = stage.end()
    assert codes == {200: REQUESTS}
    db = sqlite3.connect(data_dir / "s05_task_tracker.db")
    rows = db.execute("SELECT task_name, status FROM task_logs").fetchall()
    db.close()
    assert Counter(status for _, status in rows) == {"completed": REQUESTS}
    assert sorted(int(name) for name, _ in rows) == list(range(REQUESTS))
    assert "not recorded" not in said


def test_workers_that_start_at_once_share_one_table(
    alone: StartAlone, postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All want to make it; those that come too late are not stopped."""
    monkeypatch.setenv("DATABASE_URL", postgresql)
    stage = alone("s05_task_tracker", "--workers", "4")
    address = stage.start()
    assert httpx2.get(f"{address}/task-logs/").json() == []
    assert "startup failed" not in stage.end()
