# Axis: read when the application starts; the mailer is a class.

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from pydantic import EmailStr, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="MAIL_", hide_input_in_errors=True
    )

    host: str
    port: int
    sender: EmailStr
    password: SecretStr


@lru_cache
def get_settings() -> Settings:
    return Settings()


Mailer = Callable[[str], object]  # takes the address
Transport = Callable[[Settings, str], None]


def get_transport() -> Transport:
    """Imitate a mail server (ready)."""

    def send(settings: Settings, email: str) -> None:
        print(f"Mail to {email}")

    return send


class Mail:
    def __init__(
        self,
        settings: Annotated[Settings, Depends(get_settings)],
        transport: Annotated[Transport, Depends(get_transport)],
    ) -> None:
        self.settings, self.transport = settings, transport

    def __call__(self, email: str) -> None:
        self.transport(self.settings, email)


get_mailer = Mail


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.settings = get_settings()
    yield


app = FastAPI(lifespan=lifespan)
MailerDep = Annotated[Mailer, Depends(get_mailer)]


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr, tasks: BackgroundTasks, mailer: MailerDep
) -> dict[str, str]:
    """Add the mailer (ready)."""
    tasks.add_task(mailer, email)
    return {"message": "Welcome scheduled"}
