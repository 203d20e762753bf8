"""The stages' database without the disk: to measure what that costs."""

import sqlalchemy as sa

from stages.s06_at_work.database import get_session_factory


def do_not_wait_for_the_disk() -> None:
    """Commit without fsync, on SQLite and on PostgreSQL."""
    engine = get_session_factory().kw["bind"]
    command = {
        "sqlite": "PRAGMA synchronous=OFF",
        "postgresql": "SET synchronous_commit TO off",
    }[engine.dialect.name]

    @sa.event.listens_for(engine, "connect")
    def set_up(connection: sa.PoolProxiedConnection, _: object) -> None:
        connection.cursor().execute(command)
        connection.commit()
