# Takes a missing password for an empty one.
# fails: test_a_wrong_variable_is_named


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="MAIL_", hide_input_in_errors=True
    )

    host: str
    port: int
    sender: EmailStr
    password: SecretStr = SecretStr("")
