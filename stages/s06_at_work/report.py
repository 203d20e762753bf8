"""The daily report: how many tasks there are of each status."""

import sqlalchemy as sa

from stages.s06_at_work.database import SessionFactoryDep, TaskLog
from stages.s06_at_work.settings import LoggerDep


def report(session_factory: SessionFactoryDep, logger: LoggerDep) -> None:
    query = sa.select(TaskLog.status, sa.func.count())
    with session_factory() as session:
        counts = session.execute(query.group_by(TaskLog.status)).all()
    logger.info("Tasks: %s", dict(counts))
