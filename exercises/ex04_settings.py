"""Exercise 4: settings are a dependency.

Story
    Each shop has its own mail server, and environment variables say which
    one it is. If a variable is missing or wrong, the error must name it, as
    soon as the settings are read. The password must not appear in any error
    or log.

Build
    `Settings` reads MAIL_HOST, MAIL_PORT, MAIL_SENDER and MAIL_PASSWORD into
    the fields host, port, sender and password; no field has a default.
    `get_settings` reads them at its first call, and returns the same object
    at each later call. `get_mailer` returns the function that the endpoint
    adds as the task. When this function is called with an address, it must
    call `transport(settings, email)` once. The transport is a plain function
    that blocks; while it sends, the server must answer other requests. If the
    transport raises an exception, do not hide it: let it reach the server, or
    log it with the traceback.

    It must be possible to import this file when no variable is set. When one
    is missing or wrong, `get_settings` raises an error that names the field
    and does not show the password.

Names that the checks use
    app            the application
    Settings       host, port (an int), sender, and password (a SecretStr);
                   the checks also create one with keyword arguments:
                   Settings(host="localhost", …)
    get_settings   a plain function without arguments; the checks also call
                   it directly
    get_transport  returns the function that sends the mail (ready)
    get_mailer     returns a function that takes the address; get_mailer gets
                   settings and transport through Depends, and must not be
                   cached
    Do not change these names. (ready) means: already written.

Builds on exercise 3 and on stages/s04_email_service.py. To try it yourself,
set the four variables, then python3 start.py try 4

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
    """Imitate a mail server (ready)."""

    def send(settings: Settings, email: str) -> None:
        print(f"Mail to {email}")

    return send


def get_mailer() -> Mailer:
    # TODO: get settings and transport through Depends; return a function
    # that sends a mail to one address.
    raise NotImplementedError("get_mailer gives no mailer yet")


app = FastAPI(title="Exercise 4")
MailerDep = Annotated[Mailer, Depends(get_mailer)]


@app.exception_handler(NotImplementedError)
async def to_do(_: Request, error: NotImplementedError) -> JSONResponse:
    """Say what is still to do (ready)."""
    return JSONResponse({"to do": str(error)}, 501)


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr, tasks: BackgroundTasks, mailer: MailerDep
) -> dict[str, str]:
    """Add the mailer (ready)."""
    tasks.add_task(mailer, email)
    return {"message": "Welcome scheduled"}
