# Forgets the prefix.
# fails: test_the_mailer_sends_with_the_settings, test_the_first_reading_stays, test_a_refused_address_gets_no_mail


class Settings(BaseSettings):
    model_config = SettingsConfigDict(hide_input_in_errors=True)

    host: str
    port: int
    sender: EmailStr
    password: SecretStr
