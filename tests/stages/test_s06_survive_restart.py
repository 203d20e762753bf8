"""Stage 6: whatever becomes of the process, the task is done."""

import json
import re
import smtplib
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from pydantic import ValidationError
from sqlalchemy.orm import Session, sessionmaker

from course.mailbox import Mailbox
from course.ports import HOST, listen, number_of
from stages.s06_survive_restart import runner, tasks
from stages.s06_survive_restart.app import app
from stages.s06_survive_restart.runner import IN_PROCESS, Queue, send_again
from stages.s06_survive_restart.tasks import (
    EmailContent,
    TaskLog,
    call,
    get_logger,
    get_session_factory,
    get_task_config,
)
from tests.servers import REAL, Live, StartAlone

Row = dict[str, Any]
HELLO = {"subject": "Hello", "body": "Hi!", "recipients": ["ada@example.com"]}


@pytest.fixture(params=REAL)
def database(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[sessionmaker[Session]]:
    """Give an empty database, once of each kind."""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql")
        monkeypatch.setenv("DATABASE_URL", url)
    forget()
    tasks.prepare()
    new_session = get_session_factory()
    yield new_session
    with new_session() as db:
        tasks.Base.metadata.drop_all(db.get_bind())
        db.get_bind().engine.dispose()
    forget()


def forget() -> None:
    """Let what is cached for a process's life last for one test."""
    tasks.get_email_config.cache_clear()
    tasks.get_task_config.cache_clear()
    get_session_factory.cache_clear()
    app.dependency_overrides.clear()


@pytest.fixture
def client(database: sessionmaker[Session]) -> Iterator[TestClient]:
    """Run the stage on that database."""
    with TestClient(app) as client:
        yield client


def rows(client: TestClient | httpx2.Client) -> list[Row]:
    """Return what the course's reader sees."""
    found: list[Row] = client.get("/task-logs/").json()
    return found


def until(seen: Callable[[], bool], seconds: float = 20) -> None:
    """Look until it is so."""
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def add(database: sessionmaker[Session], **values: Any) -> int:
    """Write a row as `enqueue` does, with some values of its own."""
    row = {
        "task_name": "report",
        "task": "run-task",
        "payload": {"task_name": "report"},
        "runner": "elsewhere",  # so that the application leaves it alone
        "lease": datetime.now(UTC) + timedelta(hours=1),
    }
    with database.begin() as db:
        log = TaskLog(**row | values)
        db.add(log)
    return log.id


def read(database: sessionmaker[Session], log_id: int) -> TaskLog:
    """Return a row as it is now."""
    with database() as db:
        return db.get_one(TaskLog, log_id)


Work = Callable[[Session, Any], None]


def track(log_id: int, work: Work | None = None) -> None:
    """Deliver a task as any runner does, its work replaced if need be."""
    fake = {tasks.get_tasks: lambda: {"run-task": work}} if work else {}
    call(tasks.deliver, log_id, overrides=fake)


def mark(db: Session, _payload: object) -> None:
    """Leave something behind in the same database."""
    log = TaskLog(task_name="effect", task="", payload={}, runner="effect")
    db.add(log)
    db.flush()


def effects(database: sessionmaker[Session]) -> int:
    """Count what `mark` has left behind."""
    count = sa.select(sa.func.count()).where(TaskLog.runner == "effect")
    with database() as db:
        return db.scalars(count).one()


# --- what stage 5 does, it does ---------------------------------------------


def test_a_task_is_recorded_as_completed(client: TestClient) -> None:
    """The row has its times in UTC, and no error."""
    response = client.post("/run-task/report")
    assert response.status_code == 200
    assert response.json() == {"message": "Task 'report' scheduled"}
    (row,) = rows(client)
    assert (row["task_name"], row["status"]) == ("report", "completed")
    assert (row["error"], row["attempts"]) == (None, 1)
    created = datetime.fromisoformat(row["created_at"])
    completed = datetime.fromisoformat(row["completed_at"])
    assert created.utcoffset() == completed.utcoffset() == timedelta(0)
    assert created < completed <= datetime.now(UTC)


def test_a_notification_has_a_record_too(
    client: TestClient, data_dir: Path
) -> None:
    """What stage 5 forgets with its process is a task like all others."""
    client.post("/send-notification/ada@example.com")
    (row,) = rows(client)
    assert row["task_name"] == "send-notification"
    assert row["status"] == "completed"
    text = (data_dir / "notifications.txt").read_text("utf-8")
    assert text == "Notification for ada@example.com: Hello World!\n"


def test_the_row_can_be_read_while_the_task_runs(
    database: sessionmaker[Session], live: Live
) -> None:
    """The response does not wait, and the record says "started"."""
    started, held = threading.Event(), threading.Event()

    def hold(_db: Session, _payload: object) -> None:
        started.set()
        assert held.wait(10)

    app.dependency_overrides[tasks.get_tasks] = lambda: {"run-task": hold}
    with live(app) as browser:
        assert browser.post("/run-task/report").status_code == 200
        assert started.wait(10)
        (row,) = rows(browser)
        assert (row["status"], row["completed_at"]) == ("started", None)
        held.set()
    (log,) = (read(database, row["id"]),)
    assert log.status == "completed"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_lone_surrogate_is_a_422(client: TestClient) -> None:
    """What has no UTF-8 form is refused, and is no 500."""
    body = {"subject": "half a \ud83d pair", "body": "", "recipients": []}
    response = client.post(
        "/send-email/",
        content=json.dumps(body),
        headers={"content-type": "application/json"},
    )
    assert response.status_code == 422
    assert rows(client) == []


# --- the row is enough ------------------------------------------------------


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a lease last a second, and a pause next to nothing."""
    monkeypatch.setenv("TASK_LEASE", "1")
    monkeypatch.setenv("TASK_PAUSE", "0.01")


@pytest.mark.usefixtures("hasty")
def test_a_killed_process_loses_no_task(
    alone: StartAlone, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while an e-mail is half sent: the next process sends it."""
    monkeypatch.setenv("SMTP_SERVER", HOST)
    with listen(0) as silent:
        monkeypatch.setenv("SMTP_PORT", str(number_of(silent)))
        first = alone("s06_survive_restart.app")
        address = first.start()
        httpx2.post(f"{address}/send-email/", json=HELLO).raise_for_status()
        silent.accept()[0].detach()  # the task is connected, and waits
        first.kill()
        port = number_of(silent)
    monkeypatch.setenv("SMTP_SERVER", "localhost")
    with Mailbox(data_dir, port) as mailbox:
        second = alone("s06_survive_restart.app")
        with httpx2.Client(base_url=second.start()) as client:
            (mail,) = mailbox.wait_for(1)
            until(lambda: rows(client)[0]["status"] == "completed")
            (row,) = rows(client)
    assert mail.subject == "Hello"
    assert row["attempts"] == 2


@pytest.mark.usefixtures("hasty")
def test_two_hundred_tasks_survive_a_kill(
    alone: StartAlone, data_dir: Path
) -> None:
    """All that were accepted are done, and each line is there."""
    first = alone("s06_survive_restart.app", "--no-access-log")
    names = [f"a{number}@example.com" for number in range(200)]
    with httpx2.Client(base_url=first.start()) as client:
        for name in names:
            path = f"/send-notification/{name}"
            assert client.post(path).status_code == 200
        first.kill()
    second = alone("s06_survive_restart.app", "--no-access-log")
    with httpx2.Client(base_url=second.start()) as client:
        ended = {"completed"}
        until(lambda: {row["status"] for row in rows(client)} == ended)
    text = (data_dir / "notifications.txt").read_text("utf-8")
    assert set(re.findall(r"for (\S+):", text)) == set(names)


def test_what_is_overdue_is_sent_again(
    database: sessionmaker[Session],
) -> None:
    """Scheduled or started, its lease has run out; the rest is left alone."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    lost = add(database, runner="here", lease=past)
    killed = add(
        database, runner="here", lease=past, status="started", attempts=1
    )
    add(database, runner="here", status="started")  # at work
    add(database, runner="here", status="completed", lease=None)
    add(database, runner="here", status="refused", lease=None)
    sent: list[int] = []
    for _ in range(2):  # a second look finds nothing more
        call(send_again, Queue("here", sent.append), overrides={})
    assert sorted(sent) == [lost, killed]
    assert read(database, killed).status == "scheduled"


def test_rows_of_other_runners_are_not_touched(
    database: sessionmaker[Session],
) -> None:
    """Two queues share one table, and neither takes the other's tasks."""
    past = datetime.now(UTC) - timedelta(hours=1)
    log_id = add(database, runner="theirs", lease=past)
    sent: list[int] = []
    call(send_again, Queue("ours", sent.append), overrides={})
    assert sent == []
    log = read(database, log_id)
    assert (log.status, tasks.in_utc(log.lease or past)) == ("scheduled", past)


def test_an_old_row_is_sent_again_less_and_less_often(
    database: sessionmaker[Session],
) -> None:
    """A queue that is an hour long gets no message each quarter minute."""
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    log_id = add(database, runner="here", lease=now, created_at=now - hour)
    call(send_again, Queue("here", lambda _: None), overrides={})
    lease = read(database, log_id).lease
    assert lease
    assert tasks.in_utc(lease) >= now + hour


def test_two_who_look_send_it_once(database: sessionmaker[Session]) -> None:
    """Of two web processes that look at the same time, one sends it."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    log_id = add(database, runner="here", lease=past)
    sent: list[int] = []

    def publish(number: int) -> None:
        sent.append(number)
        if len(sent) == 1:
            call(send_again, Queue("here", publish), overrides={})

    call(send_again, Queue("here", publish), overrides={})
    assert sent == [log_id]


def test_what_could_not_be_sent_again_is_overdue_still(
    database: sessionmaker[Session],
) -> None:
    """The queue is gone just now: the next look is not a lease away."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    log_id = add(database, runner="here", lease=past)
    sent: list[int] = []

    def refuse(_: int) -> None:
        raise runner.QueueGoneError("gone")

    with pytest.raises(runner.QueueGoneError):
        call(send_again, Queue("here", refuse), overrides={})
    call(send_again, Queue("here", sent.append), overrides={})
    assert sent == [log_id]


def test_an_overdue_row_runs_although_nobody_asks(client: TestClient) -> None:
    """The application looks for itself, each second."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    add(get_session_factory(), runner=IN_PROCESS, lease=past)
    until(lambda: rows(client)[0]["status"] == "completed")


def test_a_task_that_always_ends_its_process_is_dead(
    database: sessionmaker[Session],
) -> None:
    """It is not begun for ever: its last lease ran out too."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    log_id = add(
        database, runner="here", lease=past, status="started", attempts=5
    )
    sent: list[int] = []
    call(send_again, Queue("here", sent.append), overrides={})
    assert sent == []
    log = read(database, log_id)
    assert log.status == "dead"
    assert log.error == "5 attempts, and the last never ended"


# --- twice delivered --------------------------------------------------------


def test_delivered_twice_it_is_done_once(
    database: sessionmaker[Session],
) -> None:
    """The second delivery finds it completed."""
    log_id = add(database)
    track(log_id, mark)
    track(log_id, mark)
    assert effects(database) == 1
    assert read(database, log_id).attempts == 1


def test_delivered_twice_at_once_it_is_done_once(
    database: sessionmaker[Session],
) -> None:
    """Somebody is at it: the second delivery does nothing."""
    log_id = add(database)

    def work(db: Session, payload: object) -> None:
        mark(db, payload)
        if database.kw["bind"].name == "postgresql":
            track(log_id, mark)  # SQLite lets one write at a time

    track(log_id, work)
    assert effects(database) == 1
    assert read(database, log_id).status == "completed"


@pytest.mark.usefixtures("hasty")
def test_whoever_lost_the_lease_leaves_nothing_behind(
    database: sessionmaker[Session], caplog: pytest.LogCaptureFixture
) -> None:
    """Asleep for too long, then back: the other's effect is the only one."""
    log_id = add(database)

    def sleepy(db: Session, payload: object) -> None:
        past = datetime.now(UTC) - timedelta(seconds=1)
        with database.begin() as other:
            other.execute(sa.update(TaskLog).values(lease=past))
        track(log_id, mark)  # somebody else takes it over
        mark(db, payload)

    track(log_id, sleepy)
    assert effects(database) == 1
    log = read(database, log_id)
    assert (log.status, log.attempts) == ("completed", 2)
    assert f"Task {log_id} was taken over" in caplog.text


def test_an_effect_is_undone_if_its_record_fails(
    database: sessionmaker[Session],
) -> None:
    """Both are one transaction; a kill between them leaves neither."""
    log_id = add(database)

    def work(db: Session, payload: object) -> None:
        mark(db, payload)
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        track(log_id, work)
    assert effects(database) == 0
    log = read(database, log_id)
    assert (log.status, log.error) == ("dead", "ValueError: no more")


@pytest.mark.usefixtures("hasty")
def test_a_long_task_keeps_its_lease(database: sessionmaker[Session]) -> None:
    """It runs for longer than a lease lasts, and nobody takes it over."""
    log_id = add(database)
    seen: list[datetime] = []

    def lease() -> datetime:
        return tasks.in_utc(read(database, log_id).lease or seen[0])

    def work(_db: Session, _payload: object) -> None:
        seen.append(lease())
        until(lambda: lease() > seen[0] + timedelta(seconds=1))
        call(
            send_again,
            Queue("elsewhere", lambda _: seen.clear()),
            overrides={},
        )

    track(log_id, work)
    assert seen, "it was taken over"
    assert read(database, log_id).attempts == 1


def test_a_second_try_sends_the_same_message_id(
    database: sessionmaker[Session],
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An e-mail may come twice, and can be known as the same."""
    ids: list[str] = []

    class Server(smtplib.SMTP):
        def send_message(self, msg: Any, *_: Any, **__: Any) -> Any:
            ids.append(msg["Message-ID"])
            return super().send_message(msg)

    monkeypatch.setattr(smtplib, "SMTP", Server)
    with listen(0) as free:
        port = number_of(free)
    monkeypatch.setenv("SMTP_PORT", str(port))
    tasks.get_email_config.cache_clear()
    both = HELLO | {"recipients": ["ada@example.com", "bob@example.com"]}
    payload = tasks.Email.model_validate({"content": both})
    row = {"task": "send-email", "payload": payload.model_dump(mode="json")}
    log_id = add(database, **row)
    with Mailbox(data_dir, port) as mailbox:
        for _ in range(2):
            with database.begin() as db:  # as if the record had been lost
                db.execute(sa.update(TaskLog).values(status="scheduled"))
            track(log_id)
        mailbox.wait_for(4)
    assert ids[:2] == ids[2:]
    assert len(set(ids)) == 2
    assert all(re.fullmatch(r"<\w+\.\d@example\.com>", one) for one in ids)


# --- failed, dead -----------------------------------------------------------


def gone(_db: Session, _payload: object) -> None:
    """Fail as if nobody listened."""
    raise ConnectionRefusedError("no mailbox here")


@pytest.mark.usefixtures("hasty")
def test_what_fails_for_now_is_tried_until_it_is_dead(
    database: sessionmaker[Session], caplog: pytest.LogCaptureFixture
) -> None:
    """Five attempts, a longer pause after each; the row has the reason."""
    log_id = add(database)
    pauses = []
    for _ in range(4):
        with pytest.raises(tasks.TryAgainError) as failed:
            track(log_id, gone)
        pauses.append(failed.value.pause)
        assert read(database, log_id).status == "failed"
        time.sleep(failed.value.pause)
    with pytest.raises(ConnectionRefusedError):
        track(log_id, gone)
    assert pauses == [0.01, 0.02, 0.04, 0.08]
    log = read(database, log_id)
    assert (log.status, log.attempts, log.lease) == ("dead", 5, None)
    assert log.error == "ConnectionRefusedError: no mailbox here"
    assert log.completed_at
    *warnings, last = caplog.records
    assert [record.levelname for record in warnings] == ["WARNING"] * 4
    assert last.exc_info
    track(log_id, mark)  # a late message
    assert effects(database) == 0


def test_a_failed_task_does_not_run_before_its_time(
    database: sessionmaker[Session],
) -> None:
    """Whoever delivers it too early does nothing."""
    log_id = add(database)
    with pytest.raises(tasks.TryAgainError):
        track(log_id, gone)
    track(log_id, mark)
    assert effects(database) == 0
    assert read(database, log_id).status == "failed"


@pytest.mark.usefixtures("hasty")
def test_the_application_tries_again_by_itself(client: TestClient) -> None:
    """Nobody was there twice, then somebody is: completed, no error left."""
    left = [ConnectionRefusedError("no"), TimeoutError("no"), None]

    def work(_db: Session, _payload: object) -> None:
        if error := left.pop(0):
            raise error

    app.dependency_overrides[tasks.get_tasks] = lambda: {"run-task": work}
    client.post("/run-task/report")
    until(lambda: rows(client)[0]["status"] == "completed")
    (row,) = rows(client)
    assert (row["attempts"], row["error"]) == (3, None)


def test_a_crash_is_dead_at_once(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """What can't work is not tried again; its traceback is in the log."""
    assert client.post("/run-task/crash").status_code == 200
    (row,) = rows(client)
    assert (row["status"], row["attempts"]) == ("dead", 1)
    assert "IntegrityError" in row["error"]
    (record,) = [one for one in caplog.records if one.exc_info]
    assert "Task 1 is dead" in record.getMessage()


REFUSED = {"ada@example.com": (451, b"greylisted")}


@pytest.mark.parametrize(
    ("error", "later"),
    [
        (ConnectionResetError("reset"), True),
        (smtplib.SMTPServerDisconnected("gone"), True),
        (smtplib.SMTPConnectError(421, b"busy"), True),
        (smtplib.SMTPDataError(550, b"no"), False),
        (smtplib.SMTPAuthenticationError(535, b"no"), False),
        (smtplib.SMTPRecipientsRefused(REFUSED), True),
        (smtplib.SMTPRecipientsRefused({"a": (550, b"no")}), False),
        (smtplib.SMTPException("refused: some"), False),
        (sa.exc.OperationalError("", None, Exception("locked")), True),
        (ValueError("wrong"), False),
        (FileNotFoundError("no certificate"), False),
    ],
    ids=repr,
)
def test_only_what_may_pass_is_tried_again(
    error: Exception, *, later: bool
) -> None:
    """SMTPException is an OSError: that alone says nothing."""
    assert tasks.is_transient(error) == later


# --- what a task is told ----------------------------------------------------


def test_a_payload_is_checked_before_it_is_accepted(
    client: TestClient,
) -> None:
    """A wrong name or value is the caller's mistake, and leaves no row."""
    with get_session_factory()() as db:
        queue = Queue("elsewhere", lambda _: None)
        it = runner.TaskRunner(db, queue, get_task_config())
        with pytest.raises(ValidationError, match="task_name"):
            it.enqueue("run-task", name="report")
        with pytest.raises(ValidationError, match="not-an-email"):
            it.enqueue("send-notification", email="not-an-email", message="")
        with pytest.raises(KeyError):
            it.enqueue("no-such-task")
    assert rows(client) == []


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"payload": {"task_name": "a\nb"}}, "ValidationError"),
        ({"payload": {}}, "ValidationError"),
        ({"task": "no-such-task"}, "KeyError: 'no-such-task'"),
    ],
)
def test_a_payload_is_checked_before_it_is_run(
    database: sessionmaker[Session], values: Row, reason: str
) -> None:
    """An older row may not fit this code: it is dead, with the reason."""
    log_id = add(database, **values)
    with pytest.raises((ValidationError, KeyError)):
        track(log_id)
    log = read(database, log_id)
    assert log.status == "dead"
    assert reason in (log.error or "")


def test_only_json_is_in_the_row(client: TestClient) -> None:
    """Another process, perhaps of another language, could read it."""
    app.dependency_overrides[tasks.get_email_service] = lambda: (
        lambda _content, _key: None
    )
    client.post("/send-email/", json=HELLO)
    log = read(get_session_factory(), rows(client)[0]["id"])
    assert log.payload["content"] == HELLO
    assert set(log.payload) == {"content", "key"}
    assert (log.task, log.task_name) == ("send-email", "send-email")


def test_the_name_stays_what_the_caller_asked_for(client: TestClient) -> None:
    """Which function runs it stands in a column of its own."""
    client.post("/run-task/René's 🎉")
    (row,) = rows(client)
    assert row["task_name"] == "René's 🎉"
    assert read(get_session_factory(), row["id"]).task == "run-task"


# --- dependencies, with and without a request -------------------------------


def test_an_override_works_in_a_request_and_without(
    client: TestClient,
) -> None:
    """The resume has no request, and asks the same dependencies."""
    sent: list[EmailContent] = []
    app.dependency_overrides[tasks.get_email_service] = lambda: (
        lambda content, _key: sent.append(content)
    )
    client.post("/send-email/", json=HELLO)
    assert len(sent) == 1
    past = datetime.now(UTC) - timedelta(seconds=1)
    payload = {"content": HELLO, "key": "k"}
    row = {"task": "send-email", "payload": payload, "runner": IN_PROCESS}
    add(get_session_factory(), lease=past, **row)
    until(lambda: len(sent) == 2)
    assert sent[0] == sent[1]


def test_an_override_may_have_dependencies_too(
    database: sessionmaker[Session],
) -> None:
    """`call` resolves what FastAPI resolves, generators included."""
    order: list[str] = []

    def get_service(log: tasks.LoggerDep) -> Iterator[tasks.EmailService]:
        order.append(f"entered with {log.name.rsplit('.', 1)[-1]}")
        yield lambda content, _key: order.append(content.subject)
        order.append("left")

    payload = {"content": HELLO, "key": "k"}
    log_id = add(database, task="send-email", payload=payload)
    overrides: tasks.Overrides = {tasks.get_email_service: get_service}
    call(tasks.deliver, log_id, overrides=overrides)
    assert order == ["entered with tasks", "Hello", "left"]


# --- what is refused --------------------------------------------------------


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_locked_database_is_a_503_and_one_line(
    client: TestClient,
    database: sessionmaker[Session],
    data_dir: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The client is told to come back, the log why; then all is well."""
    url = f"sqlite:///{data_dir / 's06_survive_restart.db'}?timeout=0.01"
    impatient = sessionmaker(sa.create_engine(url), expire_on_commit=False)
    app.dependency_overrides[get_session_factory] = lambda: impatient
    with database() as other:
        other.connection().exec_driver_sql("BEGIN EXCLUSIVE")
        response = client.post("/run-task/report")
    impatient.kw["bind"].dispose()
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    said = [one for one in caplog.records if "not available" in one.msg]
    (record,) = said
    assert "database is locked" in record.getMessage()
    assert record.exc_info is None
    app.dependency_overrides.clear()
    assert client.post("/run-task/report").status_code == 200


@pytest.mark.parametrize("how", ["option", "environment"])
def test_more_workers_are_refused_with_a_sentence(
    alone: StartAlone, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """One process is what it is made for; the sentence says what is."""
    options = ["--workers", "2"] if how == "option" else []
    if how == "environment":
        monkeypatch.setenv("WEB_CONCURRENCY", "2")
    said = alone("s06_survive_restart.app", *options).end_of_failed_start()
    assert "Leave out --workers: stages 7 to 9 have workers instead" in said
    assert "stage 6 is one process, not 2" in said
    assert "Traceback" not in said


def test_a_single_worker_is_as_good_as_none(alone: StartAlone) -> None:
    """`--workers 1` asks for one process."""
    alone("s06_survive_restart.app", "--workers", "1").start()


def test_the_title_is_that_of_the_package() -> None:
    """Page, API and README name the stage alike."""
    import stages.s06_survive_restart as package  # noqa: PLC0415

    assert package.__doc__
    assert app.title == package.__doc__.splitlines()[0]
    assert get_logger().name == "stages.s06_survive_restart.tasks"
