# Axis: an alias for each field, which has its name too.

from pydantic import Field, AliasChoices


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        populate_by_name=True, hide_input_in_errors=True, extra="ignore"
    )
    host: str = Field(validation_alias="MAIL_HOST")
    port: int = Field(validation_alias="MAIL_PORT")
    sender: str = Field(validation_alias="MAIL_SENDER")
    password: SecretStr = Field(validation_alias="MAIL_PASSWORD")
