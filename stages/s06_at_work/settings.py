"""Everything that the environment decides, read once."""

import logging
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from fastapi import Depends
from pydantic import EmailStr, Field, SecretStr
from pydantic_settings import BaseSettings

DATA = Path("data")  # of the folder one starts in
NOTIFICATIONS = DATA / "notifications.txt"


def get_logger() -> logging.Logger:
    return logging.getLogger("background_tasks")


LoggerDep = Annotated[logging.Logger, Depends(get_logger)]


class EmailConfig(BaseSettings, hide_input_in_errors=True):
    """Read from SMTP_SERVER and so on; by default the course's mailbox."""

    smtp_server: str = "localhost"
    smtp_port: int = Field(default=5870, gt=0, lt=65536)
    smtp_ca_file: str = "data/mailbox-ca.pem"  # empty: the system's alone
    sender_email: EmailStr = "course@example.com"
    sender_password: SecretStr = SecretStr("mailbox")


@lru_cache
def get_email_config() -> EmailConfig:
    return EmailConfig()


EmailConfigDep = Annotated[EmailConfig, Depends(get_email_config)]


class TaskConfig(BaseSettings, env_prefix="TASK_"):
    """Read from TASK_TIME_LIMIT and so on; times are in seconds."""

    time_limit: int = Field(default=300, gt=0)  # for one attempt
    longest_pause: int = Field(default=600, gt=0)  # between two attempts
    max_attempts: int = Field(default=30, gt=0)  # outlasts hours of outage
    # A row that no broker has got, and one that nobody has touched.
    publish_after: int = Field(default=30, gt=0)
    lost_after: int = Field(default=7200, gt=0)  # > time limit + pause
    max_waiting: int = Field(default=10_000, gt=0)  # rows; then a 503


@lru_cache
def get_task_config() -> TaskConfig:
    return TaskConfig()


TaskConfigDep = Annotated[TaskConfig, Depends(get_task_config)]


class DatabaseConfig(BaseSettings, hide_input_in_errors=True):
    """Read from DATABASE_URL; by default a SQLite file."""

    database_url: str = "sqlite:///data/tasks.db"


@lru_cache
def get_database_config() -> DatabaseConfig:
    return DatabaseConfig()
