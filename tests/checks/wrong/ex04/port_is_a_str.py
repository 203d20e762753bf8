# The port is a str: "abc" is no mistake.
# fails: test_the_mailer_sends_with_the_settings, test_an_override_replaces_the_settings, test_a_wrong_variable_is_named, test_nothing_is_sent_with_a_wrong_port


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="MAIL_", hide_input_in_errors=True
    )

    host: str
    port: str
    sender: EmailStr
    password: SecretStr
