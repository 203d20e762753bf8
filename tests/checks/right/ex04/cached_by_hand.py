# Axis: a lock and a global in place of functools; an error of one's own; an async task.

from collections.abc import Callable
from threading import Lock
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.concurrency import run_in_threadpool
from pydantic import EmailStr, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="MAIL_")

    host: str
    port: int
    sender: EmailStr
    password: SecretStr


lock = Lock()
known: list[Settings] = []


def get_settings() -> Settings:
    with lock:
        if not known:
            try:
                known.append(Settings())
            except ValidationError as exc:
                names = [f"MAIL_{e['loc'][0]}".upper() for e in exc.errors()]
                raise RuntimeError(f"Set {', '.join(names)}") from None
        return known[0]


Mailer = Callable[[str], object]  # takes the address
Transport = Callable[[Settings, str], None]


def get_transport() -> Transport:
    """Imitate a mail server (ready)."""

    def send(settings: Settings, email: str) -> None:
        print(f"Mail to {email}")

    return send


def get_mailer(
    settings: Annotated[Settings, Depends(get_settings)],
    transport: Annotated[Transport, Depends(get_transport)],
) -> Mailer:
    async def mail(email: str) -> None:
        await run_in_threadpool(transport, settings, email)

    return mail


app = FastAPI(title="Exercise 4")
MailerDep = Annotated[Mailer, Depends(get_mailer)]


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr, tasks: BackgroundTasks, mailer: MailerDep
) -> dict[str, str]:
    """Add the mailer (ready)."""
    tasks.add_task(mailer, email)
    return {"message": "Welcome scheduled"}
