"""Each engine is started once for all tests of a file."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from course.broker import Broker
from tests.stages.engines.house import Engine, House


@pytest.fixture(scope="module")
def house(
    engine: Engine,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    """Run an engine with its application, a worker and its scheduler."""
    folder = tmp_path_factory.mktemp(engine.stage)
    settings = {}
    with ExitStack() as stack:
        broker = None
        if engine.needs == "redis":
            broker = stack.enter_context(Broker(folder / "broker"))
            settings["REDIS_URL"] = broker.url
        elif engine.needs == "postgresql":
            settings["DATABASE_URL"] = request.getfixturevalue("postgresql")
        house = House(engine, folder, settings)
        house.broker = broker
        stack.callback(house.end)
        house.start()
        yield house
