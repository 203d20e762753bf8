"""Each engine is started once for all tests of a file."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.stages.engines.house import Engine, House


@pytest.fixture(scope="module")
def house(
    engine: Engine,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    """Run an engine with its application, a worker and its scheduler."""
    settings = {}
    if engine.needs == "postgresql":
        url = request.getfixturevalue("postgresql")
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {engine.stage}".encode())
        settings["DATABASE_URL"] = url.replace(
            "/postgres?", f"/{engine.stage}?"
        )
    house = House(engine, tmp_path_factory.mktemp(engine.stage), settings)
    try:
        house.start()
        yield house
    finally:
        house.end()
