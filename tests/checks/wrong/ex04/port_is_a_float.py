# Reads the port as a float.
# fails: test_the_mailer_sends_with_the_settings


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="MAIL_", hide_input_in_errors=True
    )

    host: str
    port: float
    sender: EmailStr
    password: SecretStr
