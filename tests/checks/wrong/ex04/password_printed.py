# Prints the password.
# fails: test_the_password_is_shown_nowhere


@lru_cache
def get_settings() -> Settings:
    settings = Settings()
    print(f"password: {settings.password.get_secret_value()}")
    return settings
