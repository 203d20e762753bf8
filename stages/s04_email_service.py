"""Stage 4: settings are a dependency, and the task sends real e-mail.

Notebook: notebooks/04_email_service.ipynb
"""

import json
import logging
import os
import smtplib
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import make_msgid
from functools import lru_cache
from pathlib import Path
from textwrap import shorten
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, EmailStr, Field, SecretStr
from pydantic_settings import BaseSettings


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
        try:
            send_by_smtp(content, config)
        except Exception as error:
            log.error("E-mail failed at %s: %s", config.smtp_server, error)
        else:
            log.info("E-mail sent to %s", content.recipients)

    return send_email


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
    yield


app = FastAPI(title=__doc__, lifespan=lifespan)
NotificationDep = Annotated[NotificationTask, Depends(get_notification_task)]
EmailServiceDep = Annotated[EmailService, Depends(get_email_service)]


@app.exception_handler(RequestValidationError)
async def refuse(_: Request, error: RequestValidationError) -> Response:
    """Answer in ASCII: a lone surrogate that was sent has no UTF-8 form."""
    detail = json.dumps({"detail": jsonable_encoder(error.errors())})
    return Response(detail, 422, media_type="application/json")


@app.post("/send-notification/{email}")
async def send_notification(
    email: EmailStr,
    background_tasks: BackgroundTasks,
    notification_task: NotificationDep,
) -> dict[str, str]:
    background_tasks.add_task(notification_task, email, "Hello World!")
    return {"message": "Notification sent in the background"}


@app.post("/send-email/")
async def schedule_email(
    content: EmailContent,
    background_tasks: BackgroundTasks,
    email_service: EmailServiceDep,
) -> dict[str, str]:
    background_tasks.add_task(email_service, content)
    count = len(content.recipients)
    message = f"Email will be sent to {count} recipients in the background"
    return {"status": "success", "message": message}
