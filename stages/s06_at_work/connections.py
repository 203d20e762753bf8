"""Connections that give up in time, and that no two processes share."""

import os
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar

import psycopg
import sqlalchemy as sa
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus

from stages.s06_at_work.settings import DatabaseConfig


def make_engine(config: DatabaseConfig) -> sa.Engine:
    sqlite = config.database_url.startswith("sqlite")
    engine = sa.create_engine(
        config.database_url,
        pool_size=config.database_pool_size,
        max_overflow=0,
        pool_timeout=config.database_time_out,
        pool_pre_ping=True,  # replaces what a restarted server has closed
        connect_args={"timeout": config.database_time_out}  # for a locked file
        if sqlite
        else {
            "connect_timeout": 3,
            "prepare_threshold": None,  # PgBouncer changes the server below
        },
    )
    if sqlite:
        sa.event.listen(engine, "connect", set_up_sqlite)
    else:
        Connection.time_out = config.database_time_out
        sa.event.listen(engine, "do_connect", connect_to_postgresql)
        sa.event.listen(engine, "handle_error", leave_read_only_server)
    if hasattr(os, "register_at_fork"):  # a child makes connections anew
        forget = partial(engine.dispose, close=False)
        os.register_at_fork(after_in_child=forget)
    return engine


def set_up_sqlite(connection: Any, _record: object) -> None:
    # Who reads need not wait for who writes; a commit needs no fsync.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


class Connection(psycopg.Connection[Any]):
    """Waits so long for the server's answer, then cancels and closes.

    This side has to do it. A frozen server keeps no time-out of its own, and
    PgBouncer refuses the option that would set one.
    """

    time_out: ClassVar[float] = 5

    def wait(
        self,
        gen: PQGen[RV],
        interval: float = 0.1,
        timeout: float | None = None,
    ) -> RV:
        try:
            return super().wait(gen, interval, timeout or self.time_out)
        except psycopg.OperationalError:
            if self.info.transaction_status == TransactionStatus.ACTIVE:
                with suppress(psycopg.Error):
                    self.cancel_safe(timeout=1)
                self.close()
            raise


def connect_to_postgresql(
    _dialect: object, _record: object, args: Any, options: Any
) -> Connection:
    return Connection.connect(*args, **options)


def leave_read_only_server(context: sa.engine.ExceptionContext) -> None:
    """Connect again after a fail-over: the old server only reads now."""
    error = context.original_exception
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        context.is_disconnect = True
