"""Stage 11: a killed task resumes after its last recorded step."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

import stages.s11_dbos.sqlite  # noqa: F401 (each engine gets the function)

pytestmark = pytest.mark.timeout(300)
ROOT = Path(__file__).parents[2]
PATIENCE = 120
# A worker whose tasks write a line each; the notification waits for a file.
WORKER = """
import time
from pathlib import Path
from stages.s06_at_work.tasks import get_tasks, overrides
from stages.s11_dbos import worker

def write(line):
    with Path("effects").open("a") as file:
        file.write(line + "\\n")

def notify(session, payload):
    write("notification begins")
    while not Path("go").exists():
        time.sleep(0.05)
    write("notification")

tasks = {
    "send-email": lambda session, payload: write("e-mail"),
    "send-notification": notify,
    "run-task": lambda session, payload: write(payload.task_name),
}
overrides[get_tasks] = lambda: tasks
worker.main()
"""
# A script that accepts tasks, in its own transaction.
PUBLISH = """
import sys
from stages.s06_at_work.database import TaskLog, get_session_factory
from stages.s11_dbos.worker import DBOSQueue

EMAIL = {
    "content": {"subject": "s", "body": "b", "recipients": ["a@example.com"]},
    "message_id": "<1@example.com>",
}
kind, *ends = sys.argv[1:]
with get_session_factory()() as session:
    for end in ends:
        payload = EMAIL if kind == "send-email" else {"task_name": end}
        log = TaskLog(kind=kind, task_name=kind, payload=payload)
        session.add(log)
        session.flush()
        assert DBOSQueue().publish_in(session, log.id)
        getattr(session, end)()
"""

# To an application that has not started, that has, and that starts again.
POST = """
from fastapi.testclient import TestClient
from stages.s06_at_work.start_up import prepare
from stages.s11_dbos.app import app

prepare()  # makes the table of the rows, and not those of DBOS
client = TestClient(app, raise_server_exceptions=False)
print(client.post("/run-task/report").status_code)
for _ in range(2):
    with client:
        print(client.post("/run-task/report").status_code)
"""


class Place:
    """A folder with a worker, and what it has done."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "data").mkdir(exist_ok=True)
        url = f"sqlite:///{folder}/data/tasks.db"
        self.engine = sa.create_engine(url)
        self.environment = {
            **os.environ,
            "DATABASE_URL": url,
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "error",
        }
        self.started: list[subprocess.Popen[str]] = []

    def start(self) -> subprocess.Popen[str]:
        """Start a worker."""
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process

    def publish(self, kind: str, *ends: str) -> None:
        """Add rows, each with its workflow, and end each transaction so."""
        command = [sys.executable, "-c", PUBLISH, kind, *ends]
        subprocess.run(
            command, cwd=self.folder, env=self.environment, check=True
        )

    def effects(self) -> list[str]:
        """Return what the tasks have written."""
        path = self.folder / "effects"
        return path.read_text().splitlines() if path.exists() else []

    def count(self, what: str) -> int:
        """Count rows; none where there is no table yet."""
        with self.engine.connect() as connection:
            table = what.partition(" ")[0]
            if not sa.inspect(connection).has_table(table):
                return 0
            query = f"SELECT count(*) FROM {what}"  # noqa: S608 (our own)
            number = connection.exec_driver_sql(query).scalar_one()
            assert isinstance(number, int)
            return number

    def wait(self, condition: Callable[[], object]) -> None:
        """Wait until it is true."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, self.effects()
            time.sleep(0.05)

    def wait_until_it_runs(self) -> None:
        """Wait until a worker has made its tables and its queue."""
        self.wait(lambda: self.count("queues"))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Give a place; its workers are killed after the test."""
    place = Place(tmp_path)
    yield place
    for process in place.started:
        process.kill()
        process.communicate()
    place.engine.dispose()


def test_an_old_sqlite_knows_the_time_that_dbos_asks_for() -> None:
    """Before 3.42 it is NULL, and DBOS cannot store a task."""
    engine = sa.create_engine("sqlite://", poolclass=sa.NullPool)
    with engine.connect() as connection:
        seconds = connection.scalar(sa.text("SELECT unixepoch('subsec')"))
    assert seconds == pytest.approx(time.time(), abs=60)


def test_a_post_before_its_tables_exist_accepts_nothing(place: Place) -> None:
    """The client is told to come back, and no row is left without its workflow."""
    done = subprocess.run(
        [sys.executable, "-c", POST],
        cwd=place.folder,
        env=place.environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["503", "200", "200"]
    assert place.count("task_logs") == 2
    assert place.count("workflow_status WHERE name = 'run'") == 2


@pytest.mark.recovery
def test_killed_after_the_second_step_it_resumes_at_the_third(
    place: Place,
) -> None:
    """The e-mail is sent once and recorded once; only the third runs again."""
    worker = place.start()
    place.wait_until_it_runs()
    place.publish("send-email", "commit")
    place.wait(lambda: "notification begins" in place.effects())
    worker.kill()
    worker.wait()
    (place.folder / "go").touch()
    place.start()
    place.wait(lambda: "notification" in place.effects())
    assert place.effects() == [
        "e-mail",
        "notification begins",
        "notification begins",
        "notification",
    ]
    place.wait(
        lambda: place.count("task_logs WHERE status = 'completed'") == 2
    )
    assert place.count("task_logs") == 2


@pytest.mark.recovery
def test_a_worker_on_sqlite_is_quiet_and_alone_and_loses_nothing(
    place: Place,
) -> None:
    """A rollback takes the workflow with the row; a second worker ends."""
    worker = place.start()
    place.wait_until_it_runs()
    place.publish("run-task", "rollback", "commit")
    place.wait(lambda: "commit" in place.effects())
    assert place.count("task_logs") == 1
    assert place.count("workflow_status WHERE name = 'run'") == 1
    second = place.start()  # it would take over the first one's tasks
    output, _ = second.communicate(timeout=PATIENCE)
    assert second.returncode == 1
    (line,) = output.splitlines()
    assert "End the other process" in line
    worker.send_signal(signal.SIGTERM)
    output, _ = worker.communicate(timeout=PATIENCE)
    assert worker.returncode == 0, output
    assert place.effects() == ["commit"]
    assert output == ""  # of its hundred migrations there is no line
