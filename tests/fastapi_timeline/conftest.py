"""What the recorder's tests share."""

import pytest

from tests.fastapi_timeline.truth import Log


@pytest.fixture
def log() -> Log:
    """Give a log that the application under test writes itself."""
    return Log()
