"""Stage 5: a task has a database session of its own, and a record.

Notebook: notebooks/05_task_tracker.ipynb
"""

import json
import logging
import os
import smtplib
import ssl
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import make_msgid
from functools import lru_cache
from pathlib import Path
from textwrap import shorten
from typing import Annotated

import sqlalchemy as sa
from fastapi import BackgroundTasks, Depends, FastAPI, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, EmailStr, Field, SecretStr
from pydantic_settings import BaseSettings
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, sessionmaker
from sqlalchemy.orm import mapped_column as column


def get_data_dir() -> Path:
    """Return the one folder the stages write to; DATA_DIR moves it."""
    default = Path(__file__).parents[1] / "data"
    return Path(os.environ.get("DATA_DIR") or default)


def get_logger() -> logging.Logger:
    return logging.getLogger(__name__)


LoggerDep = Annotated[logging.Logger, Depends(get_logger)]


NotificationTask = Callable[[str, str], None]  # address, message


def get_notification_task(logger: LoggerDep) -> NotificationTask:
    def write_notification(email: str, message: str) -> None:
        logger.info("Sending notification to %s", email)
        path = get_data_dir() / "notifications.txt"
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(f"Notification for {email}: {message}\n")
        except OSError as error:
            logger.error("%s not notified: %s", email, error)
        else:
            logger.info("Notification sent to %s", email)

    return write_notification


ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,100}$"


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
EmailService = Callable[[EmailContent], None]


def send_by_smtp(content: EmailContent, config: EmailConfig) -> None:
    """Send each recipient an e-mail; one that is refused stops no other."""
    server, sender = config.smtp_server, config.sender_email
    refused = []
    with smtplib.SMTP(server, config.smtp_port, timeout=10) as smtp:
        tls = ssl.create_default_context()
        if server == "localhost":
            tls.load_verify_locations(get_data_dir() / "mailbox-ca.pem")
        smtp.starttls(context=tls)
        smtp.login(sender, config.sender_password.get_secret_value())
        for recipient in content.recipients:
            message = EmailMessage()
            message["Subject"] = content.subject
            message["From"], message["To"] = sender, recipient
            message["Date"] = datetime.now(UTC)
            message["Message-ID"] = make_msgid(domain=sender.split("@")[-1])
            message.set_content(content.body)
            try:
                smtp.send_message(message)
            except smtplib.SMTPException as error:
                refused.append(f"{recipient}: {error}")
    if refused:
        raise smtplib.SMTPException("refused: " + "; ".join(refused))


def get_email_service(config: EmailConfigDep, log: LoggerDep) -> EmailService:
    def send_email(content: EmailContent) -> None:
        send_by_smtp(content, config)
        log.info("E-mail sent to %s", content.recipients)

    return send_email


class Base(DeclarativeBase):
    type_annotation_map = {datetime: sa.DateTime(timezone=True)}


class TaskLog(Base):
    __tablename__ = "task_logs"

    id: Mapped[int] = column(primary_key=True)
    task_name: Mapped[str]
    status: Mapped[str] = column(default="scheduled")
    created_at: Mapped[datetime] = column(default=lambda: datetime.now(UTC))
    completed_at: Mapped[datetime | None]
    error: Mapped[str | None]


@lru_cache
def get_session_factory() -> sessionmaker[Session]:
    default = f"sqlite:///{get_data_dir() / 's05_task_tracker.db'}?timeout=30"
    url = os.environ.get("DATABASE_URL") or default
    engine = sa.create_engine(url, hide_parameters=True)  # errors are kept
    return sessionmaker(engine, expire_on_commit=False)  # the ID stays


SessionsDep = Annotated[sessionmaker[Session], Depends(get_session_factory)]
TaskTracker = Callable[[int, Callable[[Session], None]], None]


def get_db(new_session: SessionsDep) -> Iterator[Session]:
    with new_session() as session:
        yield session


def schedule(task_name: str, db: Session) -> int:
    """Commit a row, then hand over its ID: never the row itself."""
    log = TaskLog(task_name=task_name)
    db.add(log)
    db.commit()
    return log.id


def get_task_tracker(new_session: SessionsDep, log: LoggerDep) -> TaskTracker:
    def record(log_id: int, **values: object) -> None:
        with new_session.begin() as db:  # fresh: the task's may be broken
            db.execute(sa.update(TaskLog), [{"id": log_id, **values}])

    def track_task(log_id: int, task: Callable[[Session], None]) -> None:
        error = None
        try:
            record(log_id, status="started")
            with new_session.begin() as db:
                task(db)
        except Exception as exc:
            error = f"{type(exc).__name__}: {exc}"
            log.exception("Task %s failed: %s", log_id, error)
        status, now = "failed" if error else "completed", datetime.now(UTC)
        try:
            record(log_id, status=status, completed_at=now, error=error)
        except sa.exc.SQLAlchemyError as exc:
            log.error("Task %s %s, not recorded: %s", log_id, status, exc)

    return track_task


def perform(session: Session, task_name: str) -> None:
    """Stand in for real work: it takes a moment; "crash" breaks a flush."""
    time.sleep(0.1)
    if task_name == "crash":
        session.add(TaskLog(task_name=None))
        session.flush()


# SQLite forgets the time zone; what was stored is UTC.
in_utc = AfterValidator(lambda at: at.replace(tzinfo=at.tzinfo or UTC))


class TaskLogOut(BaseModel, from_attributes=True):
    id: int
    task_name: str
    status: str
    created_at: Annotated[datetime, in_utc]
    completed_at: Annotated[datetime, in_utc] | None
    error: str | None


@contextmanager
def required(remedy: str) -> Iterator[None]:
    """Let the start fail with one line that says what to do."""
    try:
        yield
    except Exception as error:
        sys.tracebacklimit = 0
        raise RuntimeError(f"{remedy}: {shorten(str(error), 300)}") from None


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Prepare once, at start-up: never in a request, never at import."""
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
    with required("Set DATABASE_URL to an empty or this stage's database"):
        new_session = get_session_factory()
        with suppress(sa.exc.DatabaseError), new_session.begin() as db:
            Base.metadata.create_all(db.connection())  # or a faster worker
        with new_session() as db:
            db.execute(sa.select(TaskLog).limit(0))  # this stage's table?
    yield


app = FastAPI(title=__doc__, lifespan=lifespan)
NotificationDep = Annotated[NotificationTask, Depends(get_notification_task)]
EmailServiceDep = Annotated[EmailService, Depends(get_email_service)]
SessionDep = Annotated[Session, Depends(get_db)]
TrackerDep = Annotated[TaskTracker, Depends(get_task_tracker)]
TaskName = Annotated[str, Field(pattern=ONE_LINE)]


@app.exception_handler(RequestValidationError)
async def refuse(_: Request, error: RequestValidationError) -> Response:
    """Answer in ASCII: a lone surrogate that was sent has no UTF-8 form."""
    detail = json.dumps({"detail": jsonable_encoder(error.errors())})
    return Response(detail, 422, media_type="application/json")


@app.exception_handler(sa.exc.OperationalError)
async def try_later(_: Request, error: sa.exc.OperationalError) -> Response:
    get_logger().error("Database not available: %s", error.orig)
    return Response("Database not available", 503, {"Retry-After": "1"})


@app.post("/send-notification/{email}")
async def send_notification(
    email: EmailStr,
    background_tasks: BackgroundTasks,
    notification_task: NotificationDep,
) -> dict[str, str]:
    background_tasks.add_task(notification_task, email, "Hello World!")
    return {"message": "Notification sent in the background"}


@app.post("/send-email/")
def schedule_email(
    content: EmailContent,
    background_tasks: BackgroundTasks,
    email_service: EmailServiceDep,
    db: SessionDep,
    track: TrackerDep,
) -> dict[str, str]:
    log_id = schedule("send-email", db)
    background_tasks.add_task(track, log_id, lambda _: email_service(content))
    count = len(content.recipients)
    message = f"Email will be sent to {count} recipients in the background"
    return {"status": "success", "message": message}


@app.post("/run-task/{task_name}")
def run_task(
    task_name: TaskName,
    background_tasks: BackgroundTasks,
    db: SessionDep,
    track: TrackerDep,
) -> dict[str, str]:
    log_id = schedule(task_name, db)
    background_tasks.add_task(track, log_id, lambda db: perform(db, task_name))
    return {"message": f"Task '{task_name}' scheduled"}


@app.get("/task-logs/", response_model=list[TaskLogOut])
def get_task_logs(db: SessionDep) -> Sequence[TaskLog]:
    latest = sa.select(TaskLog).order_by(TaskLog.id.desc()).limit(100)
    return db.scalars(latest).all()[::-1]
