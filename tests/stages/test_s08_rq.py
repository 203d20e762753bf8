"""Stage 8: what is special to RQ."""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest
import redis
import sqlalchemy as sa
import trustme

from course.broker import Broker
from tests.stages.engine_processes import (
    PUBLISH,
    Folder,
    tls_in_front_of,
    until,
)

pytestmark = pytest.mark.timeout(300)
PUBLISH_ONE = f"""{PUBLISH}
from stages.s08_rq.worker import RQQueue
publish(RQQueue())
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


def test_a_message_is_json_and_has_a_back_off_that_outlasts_an_hour(
    broker: Broker, folder: Folder
) -> None:
    """It holds the function's name and the row's ID, no pickle."""
    folder.script(PUBLISH_ONE)
    client: Any = redis.Redis.from_url(broker.url)
    (job_id,) = client.lrange("rq:queue:stage8", 0, -1)
    job = client.hgetall(b"rq:job:" + job_id)
    data = json.loads(zlib.decompress(job[b"data"]))
    assert data == ["stages.s08_rq.worker.run", None, [1], {}]
    pauses = json.loads(job[b"retry_intervals"])
    assert len(pauses) == 30
    assert max(pauses) <= 600
    assert sum(pauses) > 3600
    assert pauses[0] < pauses[5] < pauses[10]


def test_no_database_connection_is_left(
    broker: Broker,
    folder: Folder,
    postgresql: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each job's process closes its own, and shares none with another."""
    assert broker
    url = postgresql.replace("postgresql://", "postgresql+psycopg://")
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("PGAPPNAME", "stage8")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE application_name = 'stage8' AND pid <> pg_backend_pid()"
    )

    def ask(question: str) -> int:
        with engine.connect() as connection:
            return int(connection.scalar(sa.text(question)) or 0)

    folder.script(PUBLISH_ONE * 5)
    worker = folder.start("s08_rq")
    done = "SELECT count(*) FROM task_logs WHERE status = 'completed'"
    until(lambda: ask(done) == 5)
    until(lambda: ask(query) == 0)
    assert worker.poll() is None
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE task_logs"))
    engine.dispose()


def test_no_process_outlives_a_killed_worker(
    broker: Broker, folder: Folder
) -> None:
    """RQ's scheduler would go on for ever, and the task beside its retry."""
    client = redis.Redis.from_url(broker.url)
    worker = folder.start("s08_rq")
    until(lambda: client.exists("rq:scheduler-lock:stage8") == 1)
    children = psutil.Process(worker.pid).children(recursive=True)
    assert children
    worker.kill()
    worker.wait()
    until(lambda: not any(child.is_running() for child in children))
    until(lambda: client.exists("rq:scheduler-lock:stage8") == 0)


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
        assert client.llen("rq:queue:stage8") == 0
        monkeypatch.setenv(
            "REDIS_URL", f"{url}?ssl_ca_certs={quote(str(file))}"
        )
        assert folder.script(PUBLISH_ONE) == ""
        assert client.llen("rq:queue:stage8") == 1
