# Axis: an exception handler answers 503 and names the variables; an async provider.

from functools import cache
from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError


class Settings(
    BaseSettings, env_prefix="MAIL_", frozen=True, hide_input_in_errors=True
):
    host: str
    port: int
    sender: EmailStr
    password: SecretStr


class Misconfigured(Exception):
    pass


@cache
def get_settings() -> Settings:
    try:
        return Settings()
    except ValidationError as exc:
        text = "; ".join(
            f"MAIL_{e['loc'][0]}: {e['msg']}"
            for e in exc.errors(include_input=False)
        )
    raise Misconfigured(text)


async def get_mailer(
    settings: Annotated[Settings, Depends(get_settings)],
    transport: Annotated[Transport, Depends(get_transport)],
) -> Mailer:
    return lambda email: transport(settings=settings, email=email)


@app.exception_handler(Misconfigured)
async def misconfigured(request: Request, exc: Misconfigured):
    return JSONResponse({"detail": str(exc)}, 503)
