"""What can be known at the start stops it, in one line with the remedy."""

import sqlite3
from pathlib import Path

import pytest

from tests.servers import StartAlone

ALL = [
    "s01_background_tasks",
    "s02_task_dependency",
    "s03_chained_dependencies",
    "s04_email_service",
    "s05_task_tracker",
    "s06_survive_restart.app",
]
WITH_A_WORKER = ["s07_celery.app", "s08_rq.app", "s09_taskiq.app"]
WITH_A_DATABASE = ["s05_task_tracker", "s06_survive_restart.app"]


def reason(output: str) -> str:
    """Return the one error line before uvicorn's own last word."""
    errors = [
        line.removeprefix("ERROR:").strip()
        for line in output.splitlines()
        if line.startswith("ERROR:") or not line.startswith("INFO:")
    ]
    first, *rest = [line for line in errors if line]
    assert rest == ["Application startup failed. Exiting."]
    return first


@pytest.mark.parametrize("module", [*ALL, *WITH_A_WORKER])
def test_every_stage_runs_alone_without_a_warning(
    alone: StartAlone, module: str
) -> None:
    """Plain uvicorn is enough, and it has nothing to complain about."""
    stage = alone(module)
    stage.start()
    output = stage.end().splitlines()
    assert [line for line in output if not line.startswith("INFO:")] == []


@pytest.mark.parametrize("module", ALL)
def test_a_folder_that_cannot_be_written_stops_the_start(
    alone: StartAlone,
    module: str,
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The line names the setting and the folder."""
    (data_dir / "file").touch()
    monkeypatch.setenv("DATA_DIR", str(data_dir / "file" / "below"))
    said = reason(alone(module).end_of_failed_start())
    assert "Set DATA_DIR to a folder that can be written: " in said
    assert "below" in said


@pytest.mark.parametrize("module", ["s04_email_service", *WITH_A_DATABASE])
def test_a_wrong_setting_stops_the_start(
    alone: StartAlone, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line names it; the password stays out."""
    monkeypatch.setenv("SMTP_PORT", "abc")
    monkeypatch.setenv("SENDER_PASSWORD", "hunter2")
    said = reason(alone(module).end_of_failed_start())
    assert "smtp_port Input should be a valid integer" in said
    assert "hunter2" not in said


@pytest.mark.parametrize("module", WITH_A_DATABASE)
@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://127.0.0.1:1/nobody", "connection failed"),
        ("no url at all", "Could not parse SQLAlchemy URL"),
        ("oracle://localhost", "No module named"),
    ],
)
def test_a_database_that_is_not_there_stops_the_start(
    alone: StartAlone,
    module: str,
    url: str,
    why: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The line names the setting and the driver's reason."""
    monkeypatch.setenv("DATABASE_URL", url)
    said = reason(alone(module).end_of_failed_start())
    assert "Set DATABASE_URL to an empty or this stage's database" in said
    assert why in said


@pytest.mark.parametrize("module", WITH_A_DATABASE)
def test_a_table_of_another_shape_stops_the_start(
    alone: StartAlone, module: str, data_dir: Path
) -> None:
    """An older database is not altered, and no request has to fail."""
    file = module.removesuffix(".app") + ".db"
    with sqlite3.connect(data_dir / file) as db:
        db.execute("CREATE TABLE task_logs (id INTEGER PRIMARY KEY)")
    db.close()
    said = reason(alone(module).end_of_failed_start())
    assert "Set DATABASE_URL to an empty or this stage's database" in said
    assert "no such column" in said
