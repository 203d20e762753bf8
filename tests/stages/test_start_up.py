"""Plain uvicorn starts each stage; a wrong setting stops stages 4 and 5."""

from pathlib import Path

import pytest

from course.stage import find_stages
from tests.servers import StartAlone

WITHOUT_A_SERVER = [
    stage.module.removeprefix("stages.")
    for stage in find_stages()
    if "postgresql" not in stage.beside
]
WITH_SETTINGS = ["s04_email_service", "s05_task_tracker"]


@pytest.mark.usefixtures("certificate")
@pytest.mark.parametrize("module", WITHOUT_A_SERVER)
def test_every_stage_runs_alone_without_a_warning(
    alone: StartAlone, module: str
) -> None:
    """Plain uvicorn is enough, and it has nothing to complain about."""
    stage = alone(module)
    stage.start()
    output = stage.end().splitlines()
    assert [line for line in output if not line.startswith("INFO:")] == []


@pytest.mark.usefixtures("certificate")
@pytest.mark.parametrize("module", WITH_SETTINGS)
def test_a_wrong_setting_stops_the_start(
    alone: StartAlone, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names it; the password stays out."""
    monkeypatch.setenv("SMTP_PORT", "abc")
    monkeypatch.setenv("SENDER_PASSWORD", "hunter2")
    output = alone(module).end_of_failed_start()
    assert "smtp_port\n  Input should be a valid integer" in output
    assert "hunter2" not in output


@pytest.mark.parametrize("module", WITH_SETTINGS)
def test_a_missing_certificate_stops_the_start(
    alone: StartAlone, module: str, data_dir: Path
) -> None:
    """Otherwise each e-mail would fail, after its answer."""
    assert not (data_dir / "mailbox-ca.pem").exists()
    output = alone(module).end_of_failed_start()
    assert "smtp_ca_file\n  Path does not point to a file" in output


@pytest.mark.usefixtures("certificate")
def test_a_database_that_is_not_there_stops_the_start(
    alone: StartAlone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is accepted that could not be recorded."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/nobody")
    output = alone("s05_task_tracker").end_of_failed_start()
    assert "connection failed" in output
    assert "Application startup failed" in output
