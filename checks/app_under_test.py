"""The fixtures of exercise 7 for its tests: `target` and `client_for`.

A pytest plugin. The application is made from its text, without its name: a
test can't know which one it is run on. By hand that is a right one; another
is chosen by the environment variable APP_UNDER_TEST=never_scheduled.
"""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi.testclient import TestClient

APPS = Path(__file__).parent / "apps_ex07"
NAME = "app_under_test"
MAKER = pytest.StashKey["Maker"]()


class Maker:
    """Makes the same module anew whenever it is called."""

    def __init__(self, name: str) -> None:
        """Compile it; file name and docstrings stay behind."""
        text = (APPS / f"{name}.py").read_text("utf-8")
        self.code = compile(
            text, f"<{NAME}>", "exec", dont_inherit=True, optimize=2
        )
        self.ready = [self._make()]  # one for the first who asks

    def __call__(self) -> ModuleType:
        """Give a module that nobody has used."""
        return self.ready.pop() if self.ready else self._make()

    def _make(self) -> ModuleType:
        module = ModuleType(NAME)
        sys.modules[NAME] = module
        exec(self.code, module.__dict__)  # noqa: S102 (an application of ours)
        del sys.modules[NAME]
        return module


@pytest.fixture
def target(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """Give the module of the application, loaded afresh for this test."""
    make = request.config.stash.get(MAKER, None)
    if make is None:
        make = Maker(os.environ.get(NAME.upper(), "right_functions"))
    sys.modules[NAME] = module = make()
    yield module
    sys.modules.pop(NAME, None)


@pytest.fixture
def client_for() -> Callable[..., TestClient]:
    """Give a maker of clients: `client_for(target.app)`.

    Other arguments go to the TestClient; it takes any ASGI application.
    """

    def make(app: Any, **options: Any) -> TestClient:
        return TestClient(app, **options)

    return make
