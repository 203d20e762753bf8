# Axis: functools.cache, a partial as mailer, a port with limits.

from functools import cache, partial

from pydantic import Field


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="MAIL_", hide_input_in_errors=True
    )

    host: str
    port: Annotated[int, Field(gt=0, lt=65536)]
    sender: EmailStr
    password: SecretStr


@cache
def get_settings() -> Settings:
    return Settings()


def get_mailer(
    settings: Annotated[Settings, Depends(get_settings)],
    transport: Annotated[Transport, Depends(get_transport)],
) -> Mailer:
    return partial(transport, settings)
