"""On which versions this runs, and what they do not have yet."""

from importlib.metadata import version

import pytest

Version = tuple[int, ...]


def installed(package: str) -> Version:
    """Return a package's version as numbers: (0, 165, 0)."""
    return tuple(map(int, version(package).split(".")[:3]))


def since(number: str) -> pytest.MarkDecorator:
    """Skip the test before this version of FastAPI: "not available"."""
    needed = tuple(map(int, number.split(".")))
    return pytest.mark.skipif(
        installed("fastapi") < needed,
        reason=f"not available before FastAPI {number}",
    )


FASTAPI = installed("fastapi")
STARLETTE = installed("starlette")
