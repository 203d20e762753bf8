"""E-mail: one message to one recipient, over a verified connection."""

import smtplib
import ssl
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Annotated

from fastapi import Depends
from pydantic import BaseModel, EmailStr, Field

from stages.s06_at_work.settings import DATA, EmailConfigDep, LoggerDep

ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,100}$"
LINES = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"  # tabs and new lines too


class EmailContent(BaseModel, extra="forbid"):
    subject: str = Field(pattern=ONE_LINE)
    body: str = Field(max_length=100_000, pattern=LINES)
    recipients: list[EmailStr] = Field(min_length=1, max_length=50)


EmailService = Callable[[EmailContent, str], None]  # and the Message-ID


def get_email_service(
    config: EmailConfigDep, logger: LoggerDep
) -> EmailService:
    def send_email(content: EmailContent, message_id: str) -> None:
        message = EmailMessage()
        message["Subject"] = content.subject
        message["From"] = config.sender_email
        message["To"] = content.recipients
        message["Date"] = datetime.now(UTC)
        message["Message-ID"] = message_id  # the same at each attempt
        message.set_content(content.body)
        tls = ssl.create_default_context(cafile=config.smtp_ca_file)
        if config.smtp_server == "localhost":  # the course's mailbox
            tls.load_verify_locations(DATA / "mailbox-ca.pem")
        password = config.sender_password.get_secret_value()
        with closing(
            smtplib.SMTP(config.smtp_server, config.smtp_port, timeout=10)
        ) as server:
            server.starttls(context=tls)
            server.login(config.sender_email, password)
            server.send_message(message)
            with suppress(OSError):  # the server has the message already
                server.quit()
        logger.info("E-mail sent to %s", content.recipients)

    return send_email


EmailServiceDep = Annotated[EmailService, Depends(get_email_service)]
