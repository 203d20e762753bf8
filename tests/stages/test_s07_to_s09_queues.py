"""Stages 7 to 9: workers run the tasks, whatever becomes of whom."""

import importlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from course.broker import Broker
from course.mailbox import Mailbox
from course.ports import HOST, listen, number_of
from course.processes import Program
from stages.s06_survive_restart import app as stage6
from stages.s06_survive_restart import tasks
from tests.servers import REAL, ROOT, Alone, StartAlone

ENGINES = ["s07_celery", "s08_rq", "s09_taskiq"]
HELLO = {"subject": "Hello", "body": "Hi!", "recipients": ["ada@example.com"]}
Row = dict[str, Any]

pytestmark = [
    pytest.mark.parametrize("engine", ENGINES),
    pytest.mark.timeout(180),
]


@pytest.fixture
def broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Broker]:
    """Run a real broker, which a kill loses nothing of."""
    with Broker(tmp_path / "broker") as running:
        monkeypatch.setenv("REDIS_URL", f"{running.url}/0")
        # Celery warns a superuser, as whom tests may run.
        monkeypatch.setenv("PYTHONWARNINGS", "error,ignore:You're running")
        monkeypatch.setenv("TASK_LEASE", "3")
        monkeypatch.setenv("TASK_PAUSE", "0.5")
        yield running


class Workers:
    """Starts workers as a learner does; stops them after the test."""

    def __init__(self, engine: str, log: Path) -> None:
        self.engine, self.log = engine, log
        self.running: list[Program] = []

    def start(self, *before: str) -> Program:
        """Run one; `before` are lines to run before its `main`."""
        module = f"stages.{self.engine}.worker"
        command = [sys.executable, "-m", module]
        if before:
            code = "\n".join([*before, "worker.main()"])
            command = [sys.executable, "-c", code]
        with self.log.open("ab") as output:
            self.running.append(Program("worker", command, output=output))
        return self.running[-1]

    def said(self) -> str:
        """Return what all of them said."""
        return self.log.read_text("utf-8", "replace")


@pytest.fixture
def workers(engine: str, broker: Broker, tmp_path: Path) -> Iterator[Workers]:
    """Start workers; none is left behind."""
    started = Workers(engine, tmp_path / "worker.log")
    yield started
    for worker in started.running:
        worker.kill()


class Web:
    """The web app as a process of its own, and a client of it."""

    def __init__(self, process: Alone) -> None:
        self.process = process
        self.client = httpx2.Client(base_url=process.start(), timeout=20)

    def post(self, path: str, **options: Any) -> httpx2.Response:
        """Send it a request."""
        return self.client.post(path, **options)

    def timed(self, path: str) -> tuple[httpx2.Response, float]:
        """Send it a request; return the answer and the seconds it took."""
        began = time.monotonic()
        return self.post(path), time.monotonic() - began

    def rows(self) -> list[Row]:
        """Return what the course's reader sees."""
        found: list[Row] = self.client.get("/task-logs/").json()
        return found

    def until(self, status: str, seconds: float = 60) -> Row:
        """Wait until the last row has this status; return it."""
        end = time.monotonic() + seconds
        while (row := self.rows()[-1])["status"] != status:
            assert time.monotonic() < end, row
            time.sleep(0.05)
        return row


@pytest.fixture
def web(engine: str, broker: Broker, alone: StartAlone) -> Iterator[Web]:
    """Run the stage's application."""
    web = Web(alone(f"{engine}.app", "--no-access-log"))
    yield web
    web.client.close()


def notified(data_dir: Path) -> list[str]:
    """Return who was notified, each as often as there are lines."""
    text = (data_dir / "notifications.txt").read_text("utf-8")
    return re.findall(r"for (\S+):", text)


# --- what they are ----------------------------------------------------------


def test_it_holds_no_endpoint_of_its_own(engine: str) -> None:
    """Its app is what stage 6's `create_app` makes; no file routes."""
    module = importlib.import_module(f"stages.{engine}.app")
    seventh, sixth = module.app.openapi(), stage6.app.openapi()
    assert seventh["paths"] == sixth["paths"]
    assert seventh["components"] == sixth["components"]
    assert module.create_app is stage6.create_app
    folder = ROOT / "stages" / engine
    text = "".join(each.read_text("utf-8") for each in folder.glob("*.py"))
    assert not re.findall(r"@\w+\.(get|post|put|delete|route)\b", text)
    assert "APIRouter" not in text
    names = sorted(each.name for each in folder.glob("*.py"))
    assert names == ["__init__.py", "app.py", "worker.py"]


def test_a_worker_has_the_same_dependencies_and_no_web_app(
    engine: str,
) -> None:
    """The functions are stage 6's own objects; its app is not imported."""
    code = f"""
import sys
from stages.{engine} import worker
from stages.s06_survive_restart import tasks
assert "stages.s06_survive_restart.app" not in sys.modules
assert "stages.s06_survive_restart.runner" not in sys.modules
names = [name for name in vars(tasks) if name.startswith("get_")]
again = [name for name in names if name in vars(worker)]
assert all(vars(worker)[name] is vars(tasks)[name] for name in again)
made = {{"get_queue", "get_broker"}}  # the engine's
own = {{name for name in vars(worker) if name.startswith("get_")}}
assert own - made <= set(names), own
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    module = importlib.import_module(f"stages.{engine}.worker")
    tracker = getattr(module, "deliver", None) or module.TrackerDep
    assert tracker in (tasks.deliver, tasks.TrackerDep)


# --- what they do -----------------------------------------------------------


def test_a_worker_runs_what_was_accepted_before_it_started(
    web: Web, workers: Workers, data_dir: Path
) -> None:
    """The web app runs nothing; a worker that comes later runs all of it."""
    for number in range(5):
        assert web.post(f"/send-notification/a{number}@example.com").is_success
    web.post("/run-task/René's 🎉")
    assert {row["status"] for row in web.rows()} == {"scheduled"}
    assert notified(data_dir) == []
    workers.start()
    assert web.until("completed")["task_name"] == "René's 🎉"
    web.process.process.poll()
    for _ in range(600):
        if {row["status"] for row in web.rows()} == {"completed"}:
            break
        time.sleep(0.05)
    names = [f"a{number}@example.com" for number in range(5)]
    assert sorted(notified(data_dir)) == names
    assert {row["attempts"] for row in web.rows()} == {1}


@pytest.fixture
def on_postgresql(
    postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Let DATABASE_URL name a real server; leave nothing in it."""
    monkeypatch.setenv("DATABASE_URL", postgresql)
    yield
    server = sa.create_engine(postgresql)
    tasks.Base.metadata.drop_all(server)
    server.dispose()


@pytest.mark.skipif(
    "postgresql" not in REAL,
    reason="`python3 start.py tests` has an environment with PostgreSQL",
)
@pytest.mark.usefixtures("on_postgresql")
def test_it_runs_on_postgresql(
    engine: str, workers: Workers, alone: StartAlone
) -> None:
    """App and worker share a real database server, set by DATABASE_URL."""
    web = Web(alone(f"{engine}.app", "--workers", "2"))
    workers.start()
    web.post("/run-task/report")
    row = web.until("completed")
    assert row["task_name"] == "report"
    web.post("/run-task/crash")
    assert "NotNullViolation" in web.until("dead")["error"]
    web.client.close()
    web.process.end()  # both of its processes


def test_a_failure_is_dead_or_tried_again(
    web: Web, workers: Workers, data_dir: Path, broker: Broker
) -> None:
    """A crash is dead at once; an e-mail waits for its server."""
    workers.start()
    web.post("/run-task/crash")
    row = web.until("dead")
    assert row["attempts"] == 1
    assert "IntegrityError" in row["error"]
    web.post("/send-email/", json=HELLO)
    row = web.until("failed")
    assert row["error"].startswith("ConnectionRefusedError")
    with Mailbox(data_dir, 5870) as mailbox:
        row = web.until("completed")
        (mail,) = mailbox.wait_for(1)
    assert row["attempts"] >= 2
    assert row["error"] is None
    assert mail.recipients == ("ada@example.com",)


# --- whatever goes away -----------------------------------------------------


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Any]]:
    """Hold each e-mail: the server takes the call and says nothing."""
    with listen(0) as server:
        monkeypatch.setenv("SMTP_SERVER", HOST)
        monkeypatch.setenv("SMTP_PORT", str(number_of(server)))
        server.settimeout(60)
        yield lambda: server.accept()[0]


def test_a_killed_worker_loses_no_task(
    silent: Callable[[], Any], web: Web, workers: Workers, data_dir: Path
) -> None:
    """Its task was half done, others were waiting in it: another does all."""
    first = workers.start()
    web.post("/send-email/", json=HELLO)
    call = silent()  # the task is connected, and waits
    for number in range(5):
        web.post(f"/send-notification/a{number}@example.com")
    first.kill()
    call.close()
    workers.start()
    again = silent()  # somebody else has taken it over
    (row, *_) = web.rows()
    assert (row["status"], row["attempts"]) == ("started", 2)
    again.close()
    web.until("completed")
    names = {f"a{number}@example.com" for number in range(5)}
    for _ in range(1200):
        if set(notified(data_dir)) == names:
            break
        time.sleep(0.05)
    assert set(notified(data_dir)) == names


def test_a_broker_that_lost_everything_is_told_again(
    web: Web, workers: Workers, broker: Broker
) -> None:
    """Overdue rows are sent again, by the web app, without a request."""
    web.post("/run-task/report")
    broker.kill()
    for each in broker.folder.glob("appendonlydir/*"):
        each.unlink()
    broker.start()
    workers.start()
    assert web.until("completed")["attempts"] == 1


def test_a_broker_that_is_gone_is_a_503_within_a_second(
    web: Web, workers: Workers, broker: Broker
) -> None:
    """Refused, with one clear line; when it is back, all goes on."""
    workers.start()
    web.post("/run-task/report")
    web.until("completed")
    broker.kill()
    took = []
    for _ in range(3):
        response, seconds = web.timed("/run-task/report")
        took.append(seconds)
        assert response.status_code == 503
        assert response.headers["retry-after"] == "1"
    assert min(took) < 1  # a wait of its own would be in each
    row = web.rows()[-1]
    assert row["status"] == "refused"
    assert "111 connecting to" in row["error"]  # refused, on Linux
    broker.start()
    assert web.post("/run-task/report").status_code == 200
    web.until("completed")
    whole = web.process.end()
    said = [line for line in whole.splitlines() if "not available" in line]
    assert len(said) == 3
    assert "Queue not available: Error 111 connecting to" in said[0]
    assert "Traceback" not in whole


def test_a_message_for_a_refused_row_does_nothing(
    web: Web, workers: Workers, broker: Broker, data_dir: Path
) -> None:
    """A frozen broker took it after all, and the client was told 503."""
    assert broker.program
    web.post("/run-task/report")  # connected
    number = broker.program.process.pid
    os.kill(number, signal.SIGSTOP)
    asked = [web.timed("/send-notification/ada@example.com") for _ in "123"]
    os.kill(number, signal.SIGCONT)
    assert [response.status_code for response, _ in asked] == [503] * 3
    assert min(seconds for _, seconds in asked) < 1.5
    workers.start()
    web.post("/run-task/last")
    web.until("completed")
    statuses = [row["status"] for row in web.rows()]
    assert statuses == ["completed", *["refused"] * 3, "completed"]
    assert notified(data_dir) == []


def test_a_worker_that_is_told_to_stop_ends_its_task(
    silent: Callable[[], Any], web: Web, workers: Workers
) -> None:
    """It waits for the task under way, and its row is not left behind."""
    worker = workers.start()
    web.post("/send-email/", json=HELLO)
    call = silent()
    worker.process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        worker.process.wait(1.5)
    call.close()  # the task fails, and is recorded
    assert worker.process.wait(20) == 0
    assert web.rows()[0]["status"] in {"failed", "scheduled"}


def test_an_idle_worker_stops_when_it_is_told_to(
    web: Web, workers: Workers
) -> None:
    """Nothing is under way: it takes a few seconds at most."""
    worker = workers.start()
    web.post("/run-task/report")
    web.until("completed")
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(10) == 0


# --- overrides in a worker --------------------------------------------------


def test_an_override_works_in_a_worker(
    engine: str, web: Web, workers: Workers, tmp_path: Path, data_dir: Path
) -> None:
    """There is no application there; the docstring names what is."""
    overrides = (
        "worker.get_broker().dependency_overrides"
        if engine == "s09_taskiq"
        else "worker.overrides"
    )
    module = importlib.import_module(f"stages.{engine}.worker")
    assert overrides.removeprefix("worker.") in str(module.__doc__)
    file = tmp_path / "overridden.txt"
    workers.start(
        "from pathlib import Path",
        f"from stages.{engine} import worker",
        "from stages.s06_survive_restart.tasks import get_notification_task",
        f"path = Path({str(file)!r})",
        "write = lambda email, message: path.write_text(email)",
        f"{overrides}[get_notification_task] = lambda: write",
    )
    web.post("/send-notification/ada@example.com")
    web.until("completed")
    assert file.read_text() == "ada@example.com"
    assert notified(data_dir) == []
