"""Exercise 4: settings are a dependency.

Story
    Each shop has a mail server of its own, and environment variables say
    which. A variable that is missing or wrong should be named at once, and
    the password should be seen nowhere.

Build
    `Settings` reads MAIL_HOST, MAIL_PORT, MAIL_SENDER and MAIL_PASSWORD; no
    field has a default. `get_settings` reads them once, when it is first
    asked, and gives the same object from then on. `get_mailer` gives the
    callable that the endpoint adds: called with an address, it calls
    `transport(settings, email)` once. The transport is a plain function that
    blocks; while it sends, the server goes on answering others. What it
    raises reaches the server, or is logged with its traceback.

    Importing this file works without any variable. When one is missing or
    wrong, `get_settings` raises an error that names the field and does not
    show the password.

Names the checks rely on
    app            the application
    Settings       host, port (an int), sender, and password (a SecretStr);
                   it can also be made by these names:
                   Settings(host="localhost", …)
    get_settings   a plain function without arguments; also called by hand
    get_transport  gives what sends (given)
    get_mailer     gives a callable that takes the address; it gets settings
                   and transport through Depends, and is not cached itself

Builds on exercise 3 and on stages/s04_email_service.py. To try it yourself:
uvicorn exercises.ex04_settings:app

Notebook: notebooks/04_email_service.ipynb
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import EmailStr
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    # TODO: the four fields, read from MAIL_HOST and so on.
    """Where the mail server is, and who sends."""


def get_settings() -> Settings:
    # TODO: read the environment once, at the first call.
    raise NotImplementedError("get_settings reads nothing yet")


Mailer = Callable[[str], object]  # takes the address
Transport = Callable[[Settings, str], None]


def get_transport() -> Transport:
    """Stand in for a mail server (given)."""

    def send(settings: Settings, email: str) -> None:
        print(f"Mail to {email}")

    return send


def get_mailer() -> Mailer:
    # TODO: ask for settings and transport; give what mails to an address.
    raise NotImplementedError("get_mailer gives no mailer yet")


app = FastAPI(title="Exercise 4")
MailerDep = Annotated[Mailer, Depends(get_mailer)]


@app.exception_handler(NotImplementedError)
async def to_do(_: Request, error: NotImplementedError) -> JSONResponse:
    """Say what is still to do (given)."""
    return JSONResponse({"to do": str(error)}, 501)


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr, tasks: BackgroundTasks, mailer: MailerDep
) -> dict[str, str]:
    """Add the mailer (given)."""
    tasks.add_task(mailer, email)
    return {"message": "Welcome scheduled"}
