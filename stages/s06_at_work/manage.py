"""Look after the tasks: python -m stages.s06_at_work.manage --help."""

import argparse
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stages.s06_at_work.background import run_here
from stages.s06_at_work.backlog import get_backlog
from stages.s06_at_work.database import (
    ENDED,
    OPEN,
    TaskLog,
    get_now,
    get_session_factory,
    untouched_for,
)
from stages.s06_at_work.settings import get_task_config
from stages.s06_at_work.start_up import prepare


def list_rows(session: Session, status: str | None, limit: int) -> int:
    now, backlog = get_now(session), get_backlog(session)
    query = sa.select(
        *(TaskLog.id, TaskLog.status, TaskLog.attempts, TaskLog.updated_at),
        *(TaskLog.task_name, TaskLog.error),
    )
    if status:
        query = query.where(TaskLog.status == status)
    rows = session.execute(query.order_by(TaskLog.id.desc()).limit(limit))
    print("ID status attempts untouched-for task error")
    for row in rows.all()[::-1]:
        age = now - row.updated_at
        print(*row[:3], age, repr(row.task_name), row.error or "")
    oldest = timedelta(seconds=backlog.oldest_seconds)
    print(f"{backlog.waiting} waiting, the oldest for {oldest}")
    return 0


def revive(session: Session, log_ids: list[int], *, run: bool) -> int:
    untouched = untouched_for(session, get_task_config().lost_after)
    lost = TaskLog.status.in_(OPEN) & untouched
    chosen = (
        TaskLog.id.in_(log_ids) & (TaskLog.status != "completed")
        if log_ids
        else (TaskLog.status == "dead") | lost
    )
    query = (
        sa.update(TaskLog)
        .where(chosen)
        .values(status="scheduled", attempts=0, published_at=None)
        .returning(TaskLog.id)
    )
    revived = sorted(session.scalars(query))
    session.commit()
    print(f"{len(revived)} revived:", *revived)
    if run:
        for log_id in revived:
            run_here(log_id)
    return 0 if revived else 1


def purge(session: Session, days: int) -> int:
    old = untouched_for(session, days * 86400)
    ended = TaskLog.status.in_(ENDED)
    batch = sa.select(TaskLog.id).where(ended, old).limit(1000)
    query = sa.delete(TaskLog).where(TaskLog.id.in_(batch))
    count = 0
    while deleted := len(session.scalars(query.returning(TaskLog.id)).all()):
        session.commit()  # a short transaction for each batch
        count += deleted
    print(f"{count} purged")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Return 0 when it is done, 1 when there was nothing to revive."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=main.__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("list", help="show the latest rows")
    command.add_argument("--status", choices=OPEN + ENDED)
    command.add_argument("--limit", type=int, default=100)
    command = commands.add_parser(
        "revive", help="schedule dead and lost rows, or those named, again"
    )
    command.add_argument("log_ids", type=int, nargs="*", metavar="ID")
    command.add_argument(
        "--run", action="store_true", help="here; else a worker has to"
    )
    command = commands.add_parser("purge", help="delete rows that have ended")
    command.add_argument("--days", type=int, default=30, help="old or older")
    options = parser.parse_args(arguments)
    prepare()
    with get_session_factory()() as session:
        if options.command == "list":
            return list_rows(session, options.status, options.limit)
        if options.command == "revive":
            return revive(session, options.log_ids, run=options.run)
        return purge(session, options.days)


if __name__ == "__main__":
    raise SystemExit(main())
