"""Stage 5: a task has a database session of its own, and a record.

Notebook: notebooks/05_task_tracker.ipynb
"""

import logging
import smtplib
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
from fastapi import BackgroundTasks, Depends, FastAPI
from pydantic import (
    AfterValidator,
    BaseModel,
    EmailStr,
    Field,
    FilePath,
    SecretStr,
)
from pydantic_settings import BaseSettings
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, sessionmaker

NOTIFICATIONS = Path("data/notifications.txt")


class EmailConfig(BaseSettings):  # the environment wins: SMTP_SERVER, …
    smtp_server: str = "localhost"
    smtp_port: int = 5870  # the course's mail server; most use 587
    smtp_ca_file: FilePath = Path("data/mailbox-ca.pem")  # must exist at start
    sender_email: EmailStr = "course@example.com"
    sender_password: SecretStr = SecretStr("mailbox")  # hidden in logs


@lru_cache  # keeps the first result: the environment is read once
def get_email_config() -> EmailConfig:
    return EmailConfig()


ConfigDep = Annotated[EmailConfig, Depends(get_email_config)]


class Base(DeclarativeBase):  # Mapped[datetime]: a column with a time zone
    type_annotation_map = {datetime: sa.DateTime(timezone=True)}


def utc_now() -> datetime:
    return datetime.now(UTC)


class TaskLog(Base):
    __tablename__ = "task_logs"

    id: Mapped[int] = sa.orm.mapped_column(primary_key=True)
    task_name: Mapped[str]
    status: Mapped[str] = sa.orm.mapped_column(default="scheduled")
    created_at: Mapped[datetime] = sa.orm.mapped_column(default=utc_now)
    completed_at: Mapped[datetime | None]
    error: Mapped[str | None]


class DatabaseConfig(BaseSettings):  # the environment wins: DATABASE_URL
    # One connection writes to SQLite at a time; others wait up to 30 seconds.
    database_url: str = "sqlite:///data/s05_task_tracker.db?timeout=30"


@lru_cache  # one engine, with its pool of connections, for all requests
def get_session_factory() -> sessionmaker[Session]:
    engine = sa.create_engine(DatabaseConfig().database_url)
    Base.metadata.create_all(engine)  # creates missing tables, changes none
    # expire_on_commit=False: after a commit, log.id needs no new query.
    return sessionmaker(engine, expire_on_commit=False)


FactoryDep = Annotated[sessionmaker[Session], Depends(get_session_factory)]


def get_db(factory: FactoryDep) -> Iterator[Session]:
    with factory() as session:
        yield session


SessionDep = Annotated[Session, Depends(get_db)]


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Open the log file at the start, not when a test imports the module."""
    logging.basicConfig(  # for every logger of the process
        level=logging.INFO,
        format="%(asctime)s %(name)s %(levelname)s %(message)s",
        filename="data/background_tasks.log",
        encoding="utf-8",
    )
    get_email_config()  # checks the settings: an error stops the start
    get_session_factory()  # makes the table
    yield  # the server runs here


app = FastAPI(title="Stage 5", lifespan=lifespan)


def get_logger() -> logging.Logger:
    return logging.getLogger("background_tasks")


LoggerDep = Annotated[logging.Logger, Depends(get_logger)]

NotificationTask = Callable[[str, str], None]  # called with email, message


def get_notification_task(logger: LoggerDep) -> NotificationTask:
    def write_notification(email: str, message: str) -> None:
        logger.info("Sending notification to %s", email)  # fills in the %s
        try:
            with NOTIFICATIONS.open("a", encoding="utf-8") as file:
                file.write(f"Notification for {email}: {message}\n")
        except OSError:
            logger.exception("Notification to %s failed", email)  # + traceback
            raise  # so that uvicorn prints it, too; the response has left
        logger.info("Notification sent to %s", email)

    return write_notification  # it remembers the logger: a closure


NotificationDep = Annotated[NotificationTask, Depends(get_notification_task)]


@app.post("/send-notification/{email}")
async def send_notification(
    email: EmailStr,
    background_tasks: BackgroundTasks,  # FastAPI supplies it: no Depends
    notification_task: NotificationDep,
) -> dict[str, str]:
    # The function itself, without (): FastAPI calls it after the response
    background_tasks.add_task(notification_task, email, "Hello World!")
    return {"message": "Notification sent in the background"}


class EmailContent(BaseModel):
    subject: str = Field(pattern=r"^[^\r\n]{1,100}$")  # mail header: one line
    body: str
    recipients: list[EmailStr] = Field(min_length=1)


def send_to(address: str, content: EmailContent, config: EmailConfig) -> None:
    message = EmailMessage()
    message["Subject"] = content.subject
    message["From"], message["To"] = config.sender_email, address
    message.set_content(content.body)
    host, port = config.smtp_server, config.smtp_port
    password = config.sender_password.get_secret_value()
    tls = ssl.create_default_context()  # trusts what the system trusts
    tls.load_verify_locations(config.smtp_ca_file)  # and the course's server
    with smtplib.SMTP(host, port, timeout=10) as server:
        server.starttls(context=tls)  # encrypted from here on
        server.login(config.sender_email, password)
        server.send_message(message)


EmailService = Callable[[EmailContent], None]  # a function, not a class


def get_email_service(config: ConfigDep, logger: LoggerDep) -> EmailService:
    def send_email(content: EmailContent) -> None:
        failures = []
        for recipient in content.recipients:
            try:
                send_to(recipient, content, config)
                logger.info("E-mail sent to %s", recipient)
            except Exception as error:  # go on with the next recipient
                logger.exception("E-mail to %s failed", recipient)
                failures.append(f"{recipient}: {error}")
        if failures:
            raise RuntimeError("; ".join(failures))  # the task fails

    return send_email


EmailServiceDep = Annotated[EmailService, Depends(get_email_service)]

Work = Callable[[Session], None]  # gets a session, if it writes data
TaskTracker = Callable[[int, Work], None]  # called with log_id, work


def get_task_tracker(factory: FactoryDep, logger: LoggerDep) -> TaskTracker:
    def set_status(log_id: int, status: str, **columns: object) -> None:
        update = sa.update(TaskLog).where(TaskLog.id == log_id)
        try:
            with factory.begin() as session:  # commits, or rolls back
                session.execute(update.values(status=status, **columns))
        except sa.exc.SQLAlchemyError:  # no record, but the work goes on
            logger.exception("Task %s: status %s not recorded", log_id, status)

    def track_task(log_id: int, work: Work) -> None:
        set_status(log_id, "started")
        try:
            with factory.begin() as session:  # the request's may be closed now
                work(session)
        except Exception as error:  # no raise: row and log file have it
            logger.exception("Task %s failed", log_id)
            text = f"{type(error).__name__}: {error}"
            set_status(log_id, "failed", completed_at=utc_now(), error=text)
        else:
            set_status(log_id, "completed", completed_at=utc_now())

    return track_task


TrackerDep = Annotated[TaskTracker, Depends(get_task_tracker)]


@app.post("/send-email/")
def schedule_email(  # not async: the commit would block the event loop
    content: EmailContent,
    background_tasks: BackgroundTasks,
    email_service: EmailServiceDep,
    session: SessionDep,
    track_task: TrackerDep,
) -> dict[str, str]:
    log = TaskLog(task_name="send-email")
    session.add(log)
    session.commit()  # now: the task must find the row
    background_tasks.add_task(
        track_task, log.id, lambda _session: email_service(content)
    )
    count = len(content.recipients)
    message = f"Email will be sent to {count} recipients in the background"
    return {"status": "success", "message": message}


def do_work(task_name: str) -> None:
    time.sleep(0.1)  # real work takes longer
    if task_name == "crash":
        raise ValueError("this task always crashes")


@app.post("/run-task/{task_name}")
def run_task(
    task_name: str,
    background_tasks: BackgroundTasks,
    session: SessionDep,
    track_task: TrackerDep,
) -> dict[str, str]:
    log = TaskLog(task_name=task_name)
    session.add(log)
    session.commit()
    background_tasks.add_task(
        track_task, log.id, lambda _session: do_work(task_name)
    )
    return {"message": f"Task '{task_name}' scheduled"}


def with_zone(moment: datetime) -> datetime:
    """Add UTC where no time zone is: SQLite stores none."""
    return moment.replace(tzinfo=moment.tzinfo or UTC)


Moment = Annotated[datetime, AfterValidator(with_zone)]


class TaskLogOut(BaseModel, from_attributes=True):  # made from a TaskLog
    id: int
    task_name: str
    status: str
    created_at: Moment
    completed_at: Moment | None
    error: str | None


@app.get("/task-logs/", response_model=list[TaskLogOut])
def get_task_logs(session: SessionDep) -> list[TaskLog]:
    return list(session.scalars(sa.select(TaskLog).order_by(TaskLog.id)))
