"""What is still to be done: in the engine, and in the stages' rows."""

from pathlib import Path

import sqlalchemy as sa
from redis import Redis

# Where a table of the engine or of the stages holds what has not ended.
OPEN = {
    "task_logs": "status NOT IN ('completed', 'dead')",
    "procrastinate_jobs": "status IN ('todo', 'doing')",
    "workflow_status": "status IN ('PENDING', 'ENQUEUED', 'DELAYED')",
}
# Sorted sets of Celery and RQ that hold what runs or is to be tried again.
SETS = ("unacked_index", "rq:wip:", "rq:scheduled:")


def in_broker(url: str) -> int:
    """Return how many messages wait, run or are scheduled in a Valkey."""
    with Redis.from_url(url, decode_responses=True) as broker:
        held = 0
        for key in broker.scan_iter():
            kind = broker.type(key)
            if kind == "list":
                held += broker.llen(key)
            elif kind == "zset" and any(name in key for name in SETS):
                held += broker.zcard(key)
            elif kind == "stream":
                held += sum(
                    group["pending"] + (group["lag"] or 0)
                    for group in broker.xinfo_groups(key)
                )
        return held


def in_database(url: str) -> dict[str, int]:
    """Return how many open rows each table has."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        tables = sa.inspect(connection)
        return {
            name: connection.scalar(
                sa.select(sa.func.count())
                .select_from(sa.table(name, schema=schema))
                .where(sa.text(OPEN[name]))
            )
            or 0
            for schema in tables.get_schema_names()
            for name in {*tables.get_table_names(schema)} & {*OPEN}
        }


def databases(folder: Path, url: str) -> list[str]:
    """Return the URLs of the databases: the server's, and SQLite's files."""
    files = [
        path for path in folder.rglob("*") if path.suffix in {".db", ".sqlite"}
    ]
    found = [f"sqlite:///{path}" for path in files]
    return [*found, url] if url.startswith("postgresql") else found


def count(folder: Path, database: str, broker: str) -> dict[str, int]:
    """Return what is left to do, and where."""
    left = {"broker": in_broker(broker)} if broker else {}
    for url in databases(folder, database):
        left |= in_database(url)
    return left
