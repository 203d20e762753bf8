"""One command lists, revives and purges rows."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
import sqlalchemy as sa

from stages.s06_at_work import manage
from stages.s06_at_work.database import TaskLog, get_now
from tests.servers import ROOT
from tests.stages.s06.rows import Factory, add, read


def days_ago(factory: Factory, days: float) -> object:
    """Return a time by the database's clock."""
    with factory() as session:
        return get_now(session) - timedelta(days=days)


def test_list_shows_rows_by_status_with_their_age(
    session_factory: Factory, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last line has the backlog."""
    add(session_factory, status="completed")
    old = days_ago(session_factory, 2)
    add(session_factory, status="dead", error="ValueError", updated_at=old)
    add(session_factory, updated_at=old)
    assert manage.main(["list", "--status", "dead"]) == 0
    _, row, backlog = capsys.readouterr().out.splitlines()
    assert row.startswith("2 dead 0 2 days, 0:00")
    assert row.endswith("'report' ValueError")
    assert backlog.startswith("1 waiting, the oldest for 2 days, 0:00")


def test_revive_schedules_dead_and_lost_rows_again(
    session_factory: Factory, capsys: pytest.CaptureFixture[str]
) -> None:
    """The outbox job finds them; what runs or has ended well is left."""
    old = days_ago(session_factory, 1)
    add(session_factory, status="dead", attempts=30, published_at=old)
    add(session_factory, status="started", updated_at=old, published_at=old)
    add(session_factory, status="started")
    add(session_factory, status="completed", updated_at=old)
    assert manage.main(["revive"]) == 0
    assert capsys.readouterr().out == "2 revived: 1 2\n"
    for log_id in (1, 2):
        row = read(session_factory, log_id)
        assert (row.status, row.attempts) == ("scheduled", 0)
        assert row.published_at is None
    assert read(session_factory, 3).status == "started"
    assert manage.main(["revive"]) == 1


def test_revive_runs_the_rows_that_are_named(session_factory: Factory) -> None:
    """In stage 6 alone there is no worker that would."""
    add(session_factory, status="failed")
    add(session_factory, status="failed")
    add(session_factory, status="completed", attempts=1)
    assert manage.main(["revive", "2", "3", "--run"]) == 0
    assert read(session_factory, 1).status == "failed"
    assert read(session_factory, 2).status == "completed"
    assert read(session_factory, 3).attempts == 1


def test_purge_deletes_old_rows_that_have_ended(
    session_factory: Factory, capsys: pytest.CaptureFixture[str]
) -> None:
    """In batches, so that no transaction is long."""
    old = days_ago(session_factory, 31)
    row = {"kind": "run-task", "task_name": "a", "payload": {}}
    ended = {**row, "status": "completed", "updated_at": old}
    with session_factory.begin() as session:
        session.execute(sa.insert(TaskLog), [ended] * 2500)
    add(session_factory, status="dead", updated_at=old)
    kept = [
        add(session_factory, status="failed", updated_at=old),
        add(session_factory, status="completed"),
    ]
    assert manage.main(["purge", "--days", "30"]) == 0
    assert capsys.readouterr().out == "2501 purged\n"
    with session_factory() as session:
        assert sorted(session.scalars(sa.select(TaskLog.id))) == kept


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it as an operator does."""
    return subprocess.run(
        [sys.executable, "-m", "stages.s06_at_work.manage", *arguments],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )


def test_the_command_explains_itself() -> None:
    """Help is there for all, and a wrong word is an exit code of 2."""
    assert "revive" in command("--help").stdout
    assert "--run" in command("revive", "--help").stdout
    assert command("revise").returncode == 2


def test_the_command_says_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As at every start: one line."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:s3@127.0.0.1:1/x")
    process = command("list")
    assert process.returncode == 1
    assert "Traceback" not in process.stderr
    assert process.stderr.count("\n") == 1
