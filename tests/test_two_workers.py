"""Two worker processes, many requests at once: nothing lost, nothing torn."""

import asyncio
import sqlite3
from collections import Counter
from pathlib import Path

import httpx2
import pytest

from tests.servers import StartAlone

AT_ONCE = 200
# A connection is not closed while a busy machine lets it wait.
TWO = ("--workers", "2", "--timeout-keep-alive", "600")


async def send_all(address: str, path: str, count: int) -> Counter[int]:
    """Post to `path` with each number in it; count the status codes."""
    numbers = iter(range(count))
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


def make_the_table(alone: StartAlone) -> None:
    """Start stage 5 once: two workers that make its table are a race."""
    stage = alone("s05_task_tracker")
    stage.start()
    stage.end()


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
    alone: StartAlone, module: str, data_dir: Path, certificate: Path
) -> None:
    """Appending a line in one write is safe across processes."""
    if module == "s05_task_tracker":
        make_the_table(alone)
    stage = alone(module, *TWO, "--log-level", "info")
    path = "/send-notification/{}@example.com"
    codes = asyncio.run(send_all(stage.start(), path, 2000))
    stage.end()  # waits for the tasks
    assert codes == {200: 2000}
    lines = (data_dir / "notifications.txt").read_text("utf-8").splitlines()
    line = "Notification for {}@example.com: Hello World!"
    assert sorted(lines) == sorted(line.format(n) for n in range(2000))


def test_every_task_is_recorded_once(
    alone: StartAlone, data_dir: Path, certificate: Path
) -> None:
    """Two processes share one SQLite file, and each task has its row."""
    make_the_table(alone)
    stage = alone("s05_task_tracker", *TWO, "--no-access-log")
    codes = asyncio.run(send_all(stage.start(), "/run-task/{}", 500))
    stage.end()
    assert codes == {200: 500}
    db = sqlite3.connect(data_dir / "s05_task_tracker.db")
    rows = db.execute("SELECT task_name, status FROM task_logs").fetchall()
    db.close()
    assert Counter(status for _, status in rows) == {"completed": 500}
    assert sorted(int(name) for name, _ in rows) == list(range(500))
    log = (data_dir / "background_tasks.log").read_text("utf-8")
    assert "not recorded" not in log
