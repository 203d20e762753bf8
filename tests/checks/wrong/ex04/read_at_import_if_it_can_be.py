# Reads the settings at import, where there are any.
# fails: test_the_first_reading_stays


def read_if_possible() -> Settings | None:
    try:
        return Settings()
    except ValueError:
        return None


FOUND = read_if_possible()


@lru_cache
def get_settings() -> Settings:
    return FOUND or Settings()
