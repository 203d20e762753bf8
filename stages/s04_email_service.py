"""Stage 4: settings are a dependency, and the task sends real e-mail.

Notebook: notebooks/04_email_service.ipynb
"""

import logging
import smtplib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.message import EmailMessage
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from pydantic import BaseModel, EmailStr, Field, FilePath, SecretStr
from pydantic_settings import BaseSettings

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
    yield  # the server runs here


app = FastAPI(title="Stage 4", lifespan=lifespan)


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
