"""Everything that the environment decides, read once."""

import logging
from functools import lru_cache
from pathlib import Path
from random import uniform
from typing import Annotated, Any

from fastapi import Depends
from pydantic import AfterValidator, EmailStr, Field, FilePath, SecretStr
from pydantic_settings import BaseSettings

from stages.s06_at_work.required import required

DATA = Path("data")  # of the folder one starts in
NOTIFICATIONS = DATA / "notifications.txt"
LOG = DATA / "background_tasks.log"


def get_logger() -> logging.Logger:
    return logging.getLogger("background_tasks")


LoggerDep = Annotated[logging.Logger, Depends(get_logger)]


class Settings(BaseSettings, env_ignore_empty=True, hide_input_in_errors=True):
    """Settings of which no value is shown in an error."""

    def __init__(self, **values: Any) -> None:
        with required("Correct this setting"):
            super().__init__(**values)


class EmailConfig(Settings):
    """Read from SMTP_SERVER and so on; by default the course's mailbox."""

    smtp_server: str = "localhost"
    smtp_port: int = Field(default=5870, gt=0, lt=65536)
    smtp_ca_file: FilePath | None = None  # of an authority of your own
    sender_email: EmailStr = "course@example.com"
    sender_password: SecretStr = SecretStr("mailbox")


@lru_cache
def get_email_config() -> EmailConfig:
    return EmailConfig()


EmailConfigDep = Annotated[EmailConfig, Depends(get_email_config)]


class TaskConfig(Settings, env_prefix="TASK_"):
    """Read from TASK_TIME_LIMIT and so on; times are in seconds."""

    time_limit: int = Field(default=300, gt=0)  # for one attempt
    longest_pause: int = Field(default=600, gt=0)  # between two attempts
    max_attempts: int = Field(default=30, gt=0)  # outlasts hours of outage
    # A row that no broker has got, and one that nobody has touched.
    publish_after: int = Field(default=30, gt=0)
    lost_after: int = Field(default=7200, gt=0)  # > time limit + pause
    max_waiting: int = Field(default=10_000, gt=0)  # rows; then a 503

    def pause_after(self, attempts: int) -> float:
        """Return seconds: 1, 2, 4 … up to longest_pause, shortened at random.

        Without the chance, tasks that failed together come back together.
        """
        pause = min(2.0 ** min(attempts, 20), self.longest_pause)
        return uniform(0.5, 1) * pause  # noqa: S311 (no secret)


@lru_cache
def get_task_config() -> TaskConfig:
    return TaskConfig()


TaskConfigDep = Annotated[TaskConfig, Depends(get_task_config)]


def check_url(url: str) -> str:
    """Refuse what would make a part of the password the server's name."""
    if url.count("@") > 1:
        raise ValueError("write each @ in the password as %40")
    return url


URL = Annotated[str, AfterValidator(check_url)]


class DatabaseConfig(Settings):
    """Read from DATABASE_URL and so on; by default a SQLite file."""

    database_url: URL = "sqlite:///data/tasks.db"
    database_pool_size: int = Field(default=40, gt=0)  # anyio has 40 threads
    database_time_out: float = Field(default=5, gt=0)  # for one statement


@lru_cache
def get_database_config() -> DatabaseConfig:
    return DatabaseConfig()


class RedisConfig(Settings):
    """Read from REDIS_URL; with TLS it is `rediss://…`."""

    redis_url: URL = Field("redis://localhost:6379/0", pattern="^rediss?://")


@lru_cache
def get_redis_config() -> RedisConfig:
    return RedisConfig()
