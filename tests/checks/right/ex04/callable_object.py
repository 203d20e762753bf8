# Axis: get_settings is an object, get_mailer an async generator that gives a partial.

from collections.abc import AsyncIterator, Callable
from functools import cached_property, partial
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from pydantic import EmailStr, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="MAIL_", hide_input_in_errors=True
    )

    host: str  # an address or a name
    port: int
    sender: EmailStr
    password: SecretStr


class Once:
    @cached_property
    def settings(self) -> Settings:
        return Settings()

    def __call__(self) -> Settings:
        return self.settings


get_settings = Once()


Mailer = Callable[[str], object]  # takes the address
Transport = Callable[[Settings, str], None]


def get_transport() -> Transport:
    """Imitate a mail server (ready)."""

    def send(settings: Settings, email: str) -> None:
        print(f"Mail to {email}")

    return send


async def get_mailer(
    settings: Annotated[Settings, Depends(get_settings)],
    transport: Annotated[Transport, Depends(get_transport)],
) -> AsyncIterator[Mailer]:
    yield partial(transport, settings)


app = FastAPI(title="Exercise 4")
MailerDep = Annotated[Mailer, Depends(get_mailer)]


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr, tasks: BackgroundTasks, mailer: MailerDep
) -> dict[str, str]:
    """Add the mailer (ready)."""
    tasks.add_task(mailer, email)
    return {"message": "Welcome scheduled"}
