"""What a task is and needs: the web app has it, and so has any worker."""

import logging
import os
import smtplib
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import lru_cache, partial
from pathlib import Path
from textwrap import shorten
from typing import Annotated, Any
from uuid import uuid4

import sqlalchemy as sa
from fastapi import Depends
from pydantic import BaseModel, EmailStr, Field, SecretStr
from pydantic_settings import BaseSettings
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, sessionmaker
from sqlalchemy.orm import mapped_column as column
from taskiq_dependencies import DependencyGraph


def get_data_dir() -> Path:
    """Return the one folder the stages write to; DATA_DIR moves it."""
    default = Path(__file__).parents[2] / "data"
    return Path(os.environ.get("DATA_DIR") or default)


def get_logger() -> logging.Logger:
    return logging.getLogger(__name__)


LoggerDep = Annotated[logging.Logger, Depends(get_logger)]


NotificationTask = Callable[[str, str], None]  # address, message


def get_notification_task(logger: LoggerDep) -> NotificationTask:
    def write_notification(email: str, message: str) -> None:
        logger.info("Sending notification to %s", email)
        path = get_data_dir() / "notifications.txt"
        with path.open("a", encoding="utf-8") as file:
            file.write(f"Notification for {email}: {message}\n")
        logger.info("Notification sent to %s", email)

    return write_notification


NotificationDep = Annotated[NotificationTask, Depends(get_notification_task)]
ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,100}$"
TaskName = Annotated[str, Field(pattern=ONE_LINE)]


class EmailContent(BaseModel):
    subject: str = Field(pattern=ONE_LINE)
    body: str = Field(max_length=100_000)
    recipients: list[EmailStr] = Field(min_length=1, max_length=50)


class EmailConfig(BaseSettings, hide_input_in_errors=True):
    """Read from SMTP_SERVER and so on; by default the course's mailbox."""

    smtp_server: str = "localhost"
    smtp_port: int = Field(default=5870, gt=0, lt=65536)
    sender_email: EmailStr = "course@example.com"
    sender_password: SecretStr = SecretStr("mailbox")


@lru_cache
def get_email_config() -> EmailConfig:
    return EmailConfig()


EmailConfigDep = Annotated[EmailConfig, Depends(get_email_config)]
EmailService = Callable[[EmailContent, str], None]  # and a key for this e-mail


def send_by_smtp(content: EmailContent, key: str, config: EmailConfig) -> None:
    """Send each recipient an e-mail; one that is refused stops no other."""
    server, sender = config.smtp_server, config.sender_email
    domain = sender.split("@")[-1]
    refused: list[tuple[str, smtplib.SMTPException]] = []
    with smtplib.SMTP(server, config.smtp_port, timeout=10) as smtp:
        tls = ssl.create_default_context()
        if server == "localhost":
            tls.load_verify_locations(get_data_dir() / "mailbox-ca.pem")
        smtp.starttls(context=tls)
        smtp.login(sender, config.sender_password.get_secret_value())
        for number, recipient in enumerate(content.recipients):
            message = EmailMessage()
            message["Subject"] = content.subject
            message["From"], message["To"] = sender, recipient
            message["Date"] = datetime.now(UTC)
            # The same at each try: a mail program can show it once.
            message["Message-ID"] = f"<{key}.{number}@{domain}>"
            message.set_content(content.body)
            try:
                smtp.send_message(message)
            except smtplib.SMTPException as error:
                refused.append((recipient, error))
    if len(refused) == len(content.recipients):
        raise refused[0][1]  # nobody has it: all may be sent again
    if refused:
        reasons = "; ".join(f"{who}: {error}" for who, error in refused)
        raise smtplib.SMTPException(f"refused: {reasons}")


def get_email_service(config: EmailConfigDep, log: LoggerDep) -> EmailService:
    def send_email(content: EmailContent, key: str) -> None:
        send_by_smtp(content, key, config)
        log.info("E-mail sent to %s", content.recipients)

    return send_email


EmailServiceDep = Annotated[EmailService, Depends(get_email_service)]


def in_utc(at: datetime) -> datetime:
    """Give it its time zone: SQLite forgets it; what was stored is UTC."""
    return at.replace(tzinfo=at.tzinfo or UTC)


class Base(DeclarativeBase):
    type_annotation_map = {
        datetime: sa.DateTime(timezone=True),
        dict[str, Any]: sa.JSON,
    }


class TaskLog(Base):
    """All that is known of a task, and all that is needed to run it."""

    __tablename__ = "task_logs"

    id: Mapped[int] = column(primary_key=True)
    task_name: Mapped[str]  # what the caller asked for
    status: Mapped[str] = column(default="scheduled")
    created_at: Mapped[datetime] = column(default=lambda: datetime.now(UTC))
    completed_at: Mapped[datetime | None]
    error: Mapped[str | None]
    task: Mapped[str]  # which of get_tasks runs it,
    payload: Mapped[dict[str, Any]]  # and what it is told
    runner: Mapped[str]  # who accepted it, and alone looks after it
    attempts: Mapped[int] = column(default=0)
    # Until then all is well: somebody works on it, or it waits. Then it is
    # overdue. A task that has come to its end has none.
    lease: Mapped[datetime | None] = column(index=True)


@lru_cache
def get_session_factory() -> sessionmaker[Session]:
    file = get_data_dir() / "s06_survive_restart.db"
    default = f"sqlite:///{file}?timeout=30"
    url = os.environ.get("DATABASE_URL") or default
    engine = sa.create_engine(url, hide_parameters=True)  # errors are kept
    return sessionmaker(engine, expire_on_commit=False)  # the ID stays


SessionsDep = Annotated[sessionmaker[Session], Depends(get_session_factory)]


class TaskConfig(BaseSettings, env_prefix="TASK_"):
    """Read from TASK_LEASE and so on."""

    lease: float = Field(default=15, gt=0)  # seconds; a running task renews it
    attempts: int = Field(default=5, ge=1)
    pause: float = Field(default=1, ge=0)  # seconds; doubled at each attempt


@lru_cache
def get_task_config() -> TaskConfig:
    return TaskConfig()


TaskConfigDep = Annotated[TaskConfig, Depends(get_task_config)]


class Payload(BaseModel, extra="forbid"):
    """What a task is told: checked when it is written and when it is read."""


class Notification(Payload):
    email: EmailStr
    message: str = Field(max_length=1000)


class Email(Payload):
    content: EmailContent
    key: str = Field(default_factory=lambda: uuid4().hex)


class Performance(Payload):
    task_name: TaskName


PAYLOADS: dict[str, type[Payload]] = {
    "send-notification": Notification,
    "send-email": Email,
    "run-task": Performance,
}


def perform(session: Session, task_name: str) -> None:
    """Stand in for real work: it takes a moment; "crash" breaks a flush."""
    time.sleep(0.1)
    if task_name == "crash":
        session.add(TaskLog(task_name=None))
        session.flush()


Tasks = Mapping[str, Callable[[Session, Any], None]]


def get_tasks(notify: NotificationDep, send_email: EmailServiceDep) -> Tasks:
    """Name every task, so that a row can be run by any process."""
    return {
        "send-notification": lambda _, given: notify(
            given.email, given.message
        ),
        "send-email": lambda _, given: send_email(given.content, given.key),
        "run-task": lambda db, given: perform(db, given.task_name),
    }


TasksDep = Annotated[Tasks, Depends(get_tasks)]
TaskTracker = Callable[[int], None]


class TryAgainError(Exception):
    """A task failed, and may well work after a pause."""

    def __init__(self, pause: float) -> None:
        super().__init__(f"again in {pause:g} s")
        self.pause = pause


class LostLeaseError(Exception):
    """Somebody else has this task by now."""


def is_transient(error: Exception) -> bool:
    """Say whether it may work later: nobody was there, or not yet ready."""
    codes = []  # of SMTP: those with a 4 in front mean "later"
    if isinstance(error, smtplib.SMTPResponseException):
        codes = [error.smtp_code]
    elif isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
    absent = (ConnectionError, TimeoutError, smtplib.SMTPServerDisconnected)
    return isinstance(error, (*absent, sa.exc.OperationalError)) or (
        bool(codes) and {str(code)[0] for code in codes} == {"4"}
    )


@contextmanager
def repeated(action: Callable[[], None], every: float) -> Iterator[None]:
    """Do it again and again, in a thread, for as long as the block runs."""
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(every):
            action()

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@dataclass(frozen=True)
class Attempt:
    """One try at a task, which counts until another takes its place."""

    log_id: int
    number: int
    task: str
    payload: dict[str, Any]
    new_session: sessionmaker[Session]

    def record(self, db: Session, **values: object) -> None:
        """Write it into the row, or raise if the row is another's."""
        query = (
            sa.update(TaskLog)
            .where(TaskLog.id == self.log_id, TaskLog.status == "started")
            .where(TaskLog.attempts == self.number)
            .values(**values)
            .returning(TaskLog.id)
        )
        if db.execute(query).one_or_none() is None:
            raise LostLeaseError

    def renew(self, seconds: float) -> None:
        """Say that somebody is still at work, if that can be said."""
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        hopeless = suppress(sa.exc.SQLAlchemyError, LostLeaseError)
        with hopeless, self.new_session.begin() as db:
            self.record(db, lease=until)


def claim(
    log_id: int, new_session: sessionmaker[Session], seconds: float
) -> Attempt | None:
    """Take a task that nobody is at: of two who try, one gets it."""
    now = datetime.now(UTC)
    left = TaskLog.status.in_(["started", "failed"])
    query = (
        sa.update(TaskLog)
        .where(TaskLog.id == log_id)
        .where((TaskLog.status == "scheduled") | left & (TaskLog.lease <= now))
        .values(
            status="started",
            attempts=TaskLog.attempts + 1,
            lease=now + timedelta(seconds=seconds),
        )
        .returning(TaskLog.attempts, TaskLog.task, TaskLog.payload)
    )
    with new_session.begin() as db:
        for number, task, payload in db.execute(query):
            return Attempt(log_id, number, task, payload, new_session)
    return None


def get_task_tracker(
    new_session: SessionsDep,
    log: LoggerDep,
    tasks: TasksDep,
    config: TaskConfigDep,
) -> TaskTracker:
    def fail(attempt: Attempt, error: Exception) -> float | None:
        """Record it; return the pause before the next try, if there is one."""
        reason, now = f"{type(error).__name__}: {error}", datetime.now(UTC)
        pause = config.pause * 2 ** (attempt.number - 1)
        again = is_transient(error) and attempt.number < config.attempts
        values: dict[str, object] = {"status": "dead", "completed_at": now}
        if again:
            later = now + timedelta(seconds=pause)
            values = {"status": "failed", "lease": later}
            log.warning(
                "Task %s failed, again in %g s: %s",
                *(attempt.log_id, pause, reason),
            )
        else:
            log.error(
                "Task %s is dead: %s", attempt.log_id, reason, exc_info=error
            )
        try:
            with new_session.begin() as db:  # fresh: the task's may be broken
                attempt.record(db, **{"lease": None, "error": reason} | values)
        except (sa.exc.SQLAlchemyError, LostLeaseError) as exc:
            log.error("Task %s: that is not recorded: %s", attempt.log_id, exc)
        return pause if again else None

    def track_task(log_id: int) -> None:
        """Run a task and raise what it raises: its caller knows what then."""
        attempt = claim(log_id, new_session, config.lease)
        if attempt is None:
            log.info("Task %s has ended, or somebody is at it", log_id)
            return
        renew = partial(attempt.renew, config.lease)
        end = {"status": "completed", "lease": None, "error": None}
        try:
            payload = PAYLOADS[attempt.task].model_validate(attempt.payload)
            with (
                repeated(renew, every=config.lease / 3),
                new_session.begin() as db,  # effect and record: both or none
            ):
                tasks[attempt.task](db, payload)
                attempt.record(db, completed_at=datetime.now(UTC), **end)
        except LostLeaseError:
            log.warning("Task %s was taken over, and is undone here", log_id)
        except Exception as error:
            pause = fail(attempt, error)
            if pause is None:
                raise
            raise TryAgainError(pause) from error

    return track_task


TrackerDep = Annotated[TaskTracker, Depends(get_task_tracker)]


def deliver(log_id: int, track: TrackerDep) -> None:
    """Run a task that was accepted: whoever does has only its number."""
    track(log_id)


# What app.dependency_overrides is to a web app.
Overrides = dict[Callable[..., Any], Callable[..., Any]]


def call(
    function: Callable[..., None], *given: object, overrides: Overrides
) -> None:
    """Call a function with its dependencies, where there is no request."""
    with DependencyGraph(function, overrides).sync_ctx() as context:
        function(*given, **context.resolve_kwargs())


@contextmanager
def required(remedy: str) -> Iterator[None]:
    """Let the start fail with one line that says what to do."""
    try:
        yield
    except Exception as error:
        sys.tracebacklimit = 0
        raise RuntimeError(f"{remedy}: {shorten(str(error), 300)}") from None


def prepare() -> None:
    """Prepare a process, once: never in a task, never at import."""
    with required("Set DATA_DIR to a folder that can be written"):
        get_data_dir().mkdir(parents=True, exist_ok=True)
        (get_data_dir() / "notifications.txt").touch()
    path = get_data_dir() / "background_tasks.log"
    file = logging.FileHandler(path, encoding="utf-8", delay=True)
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(name)s %(levelname)s %(message)s",
        handlers=[logging.StreamHandler(), file],
    )
    with required("Correct this setting"):
        get_email_config()
        get_task_config()
    with required("Set DATABASE_URL to an empty or this stage's database"):
        new_session = get_session_factory()
        with suppress(sa.exc.DatabaseError), new_session.begin() as db:
            Base.metadata.create_all(db.connection())  # or a faster process
        with new_session() as db:
            db.execute(sa.select(TaskLog).limit(0))  # this stage's table?
        new_session.kw["bind"].dispose()  # a fork would share connections
