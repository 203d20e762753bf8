# A SecretStr alone; the input is long, so that its middle is left out.
# fails: test_no_error_shows_the_password


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="MAIL_")
    host: str
    password: SecretStr
    port: int
    sender: EmailStr
