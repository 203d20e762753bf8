# Depends() on the class: the client has to send its fields.
# fails: test_the_mailer_sends_with_the_settings, test_the_first_reading_stays, test_an_override_replaces_the_settings, test_a_refused_address_gets_no_mail, test_nothing_is_sent_with_a_wrong_port

from collections.abc import Callable
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


def get_mailer(
    settings: Annotated[Settings, Depends()],
    transport: Annotated[Transport, Depends(get_transport)],
) -> Mailer:
    def mail(email: str) -> None:
        transport(settings, email)

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
