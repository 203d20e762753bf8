# Axis: the class keeps its one object.

from threading import Lock
from typing import ClassVar


lock = Lock()


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="MAIL_", hide_input_in_errors=True
    )

    host: str
    port: int
    sender: EmailStr
    password: SecretStr
    only: ClassVar["Settings | None"] = None


def get_settings() -> Settings:
    with lock:
        if Settings.only is None:
            Settings.only = Settings()
    return Settings.only
