# Axis: an error of its own names the variable, without a cause.

from pydantic import ValidationError


@lru_cache
def get_settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        names = [f"MAIL_{each['loc'][0]}" for each in error.errors()]
        raise RuntimeError(f"Set these variables: {names}") from None
