# Pydantic's errors are printed: they hold the input.
# fails: test_no_error_shows_the_password

from pydantic import ValidationError


@lru_cache
def get_settings() -> Settings:
    try:
        return Settings()
    except ValidationError as exc:
        print(exc.errors())
        raise
