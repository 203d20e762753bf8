"""Stage 9: what is special to Taskiq."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest
import redis
import trustme

from course.broker import Broker
from stages.s09_taskiq.worker import BackOff
from tests.stages.engine_processes import (
    PUBLISH,
    Folder,
    tls_in_front_of,
    until,
)

pytestmark = pytest.mark.timeout(300)
PUBLISH_ONE = f"""{PUBLISH}
from stages.s09_taskiq.worker import TaskiqQueue
publish(TaskiqQueue())
"""
PUBLISH_ANYWHERE = f"""{PUBLISH_ONE}
import asyncio
from concurrent.futures import ThreadPoolExecutor

async def endpoint():
    publish(TaskiqQueue())

async def def_endpoint():
    await asyncio.to_thread(publish, TaskiqQueue())

asyncio.run(endpoint())
asyncio.run(def_endpoint())
with ThreadPoolExecutor(8) as threads:
    list(threads.map(lambda _: publish(TaskiqQueue()), range(20)))
"""


@pytest.fixture
def broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Broker]:
    """Run a real broker."""
    with Broker(tmp_path / "broker") as running:
        monkeypatch.setenv("REDIS_URL", running.url)
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """Give processes a folder; none is left behind."""
    folder = Folder(tmp_path)
    yield folder
    folder.end()


def test_it_publishes_from_wherever_it_is_called(
    broker: Broker, folder: Folder
) -> None:
    """Script, running event loop, threads at once; and all is closed."""
    assert folder.script(PUBLISH_ANYWHERE) == ""  # a warning is an error
    assert redis.Redis.from_url(broker.url).xlen("stage9") == 23


def test_the_back_off_doubles_up_to_the_cap_and_outlasts_an_hour() -> None:
    """Each pause is shortened at random, by half at most."""
    back_off = BackOff()
    message = None
    pauses = [back_off.make_delay(message, n) for n in range(1, 30)]  # type: ignore[arg-type]
    assert 1 <= pauses[0] <= 2
    assert 16 <= pauses[4] <= 32
    assert all(300 <= pause <= 600 for pause in pauses[10:])
    assert sum(pauses) > 3600


def test_a_retry_is_kept_when_worker_and_scheduler_are_killed(
    broker: Broker, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits in the broker, as JSON, and comes when both are back."""
    monkeypatch.setenv("TASK_MAX_ATTEMPTS", "2")
    client: Any = redis.Redis.from_url(broker.url)
    folder.script(PUBLISH_ONE.replace("Queue())", "Queue(), 'crash')"))
    worker = folder.start("s09_taskiq")

    def retries() -> int:
        return len(list(client.scan_iter("stage9-retries:data:*")))

    until(lambda: retries() == 1)
    (key,) = client.scan_iter("stage9-retries:data:*")
    stored = client.get(key)
    assert stored.startswith(b'{"')
    worker.kill()
    folder.start("s09_taskiq")
    folder.start("s09_taskiq", "scheduler")
    until(lambda: "Maximum retries count is reached" in folder.log())
    until(lambda: retries() == 0)


def test_no_process_outlives_a_killed_worker(
    broker: Broker, folder: Folder
) -> None:
    """Taskiq's own processes would work on, and each start adds one."""
    assert broker
    worker = folder.start("s09_taskiq")
    until(lambda: "Listening started" in folder.log())
    children = psutil.Process(worker.pid).children(recursive=True)
    assert children
    worker.kill()
    worker.wait()
    until(lambda: not any(child.is_running() for child in children))


def test_a_certificate_of_an_unknown_authority_is_refused(
    broker: Broker, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is there, the log says why; with the authority it works."""
    authority = trustme.CA()
    file = folder.path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    client = redis.Redis.from_url(broker.url)
    assert broker.port
    with tls_in_front_of(broker.port, authority) as port:
        url = f"rediss://localhost:{port}"
        monkeypatch.setenv("REDIS_URL", url)
        assert "certificate verify failed" in folder.script(PUBLISH_ONE)
        assert client.xlen("stage9") == 0
        monkeypatch.setenv(
            "REDIS_URL", f"{url}?ssl_ca_certs={quote(str(file))}"
        )
        assert folder.script(PUBLISH_ONE) == ""
        assert client.xlen("stage9") == 1
