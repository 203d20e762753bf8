"""The start fails early, with one line that says what to do."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from stages.s06_at_work.database import Base, get_session_factory
from stages.s06_at_work.required import StartError
from stages.s06_at_work.settings import get_email_config
from stages.s06_at_work.start_up import prepare, prepare_database
from tests.servers import ROOT

SECRET = "p@ss@w0rd"  # noqa: S105 (of nobody)


def start(*options: str) -> subprocess.CompletedProcess[str]:
    """Start the stage as a user does; it has to end by itself."""
    target = ["uvicorn", "stages.s06_at_work.app:app", "--port", "0"]
    return subprocess.run(
        [sys.executable, "-m", *target, *options],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
        text=True,
        timeout=60,
    )


def no_folder(folder: Path) -> None:
    """Put a file where the folder should be."""
    folder.rmdir()
    folder.write_text("a file")


def no_log(folder: Path) -> None:
    """Put a folder where the log file should be."""
    (folder / "background_tasks.log").mkdir()


def no_database(folder: Path) -> None:
    """Put a folder where the database should be."""
    (folder / "tasks.db").mkdir()


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (no_folder, "folder and its files writable: .*exists: 'data'"),
        (no_log, "writable: .*directory: 'data/background_tasks.log'"),
        (no_database, "DATABASE_URL .*: unable to open database file"),
    ],
)
def test_a_process_that_cannot_start_says_why_in_one_line(
    folder: Path, spoil: Callable[[Path], None], line: str
) -> None:
    """No traceback, and an exit code that says that it failed."""
    spoil(folder)
    process = start()
    assert process.returncode != 0
    assert "Traceback" not in process.stderr
    (reason,) = re.findall(r".*StartError.*", process.stderr)
    assert re.search(line, reason)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("SMTP_PORT", "many", "valid integer"),
        ("SMTP_CA_FILE", "nowhere.pem", "not point to a file"),
        ("SENDER_EMAIL", "nobody", "valid email address"),
        ("TASK_MAX_ATTEMPTS", "0", "greater than 0"),
        ("DATABASE_POOL_SIZE", "x", "valid integer"),
        ("DATABASE_URL", f"postgresql://me:{SECRET}@db/x", "%40"),
        ("DATABASE_URL", "nothing://me:s3cret@db/x", "Can't load plugin"),
        ("DATABASE_URL", "s3cret", "Could not parse"),
    ],
)
def test_a_wrong_setting_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    """A value may be a password, or hold one."""
    monkeypatch.setenv(name, value)
    with pytest.raises(StartError) as failed:
        prepare()
    line = str(failed.value)
    assert name in line
    assert reason in line
    assert "\n" not in line
    assert not re.search("w0rd|s3cret|many|nowhere", line)


def test_a_password_is_in_neither_log_nor_error(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """With an unescaped @ it would be taken for the server's name."""
    url = f"postgresql://me:{SECRET}@localhost:1/x"
    monkeypatch.setenv("DATABASE_URL", url)
    process = start()
    log = (folder / "background_tasks.log").read_text()
    assert "w0rd" not in process.stdout + process.stderr + log
    assert "write each @ in the password as %40" in process.stderr


def test_a_server_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The line says what could not be reached."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:s3@127.0.0.1:1/x")
    with pytest.raises(StartError, match=r"127\.0\.0\.1.*port 1"):
        prepare()


def test_a_role_without_create_is_told_so(
    new_postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The missing permission is the reason, not the missing table."""
    with psycopg.connect(new_postgresql) as admin:
        admin.execute("DROP ROLE IF EXISTS guest")
        admin.execute("CREATE ROLE guest LOGIN")
        admin.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    guest = sa.make_url(new_postgresql).set(username="guest")
    url = guest.render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(StartError, match="permission denied for schema"):
        prepare()


def test_a_table_of_another_shape_is_refused(database: str) -> None:
    """Stage 5 has a table of that name, too."""
    engine = sa.create_engine(database)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE task_logs (id INTEGER)")
    engine.dispose()
    with pytest.raises(StartError, match=r"DATABASE_URL .*column"):
        prepare()


def test_two_processes_may_start_at_once(database: str) -> None:
    """The slower one finds the table that the faster one has made."""
    others = [sa.create_engine(database)]

    @sa.event.listens_for(Base.metadata, "before_create")
    def be_slower(*_args: object, **_options: object) -> None:
        if others:
            other = others.pop()
            Base.metadata.create_all(other)
            other.dispose()

    prepare_database()
    sa.event.remove(Base.metadata, "before_create", be_slower)
    assert not others
    assert sa.inspect(get_session_factory().kw["bind"]).has_table("task_logs")


def test_the_mail_server_may_be_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The start does not ask for it: the tasks will try again."""
    monkeypatch.setenv("SMTP_PORT", "1")
    prepare()
    assert get_email_config().smtp_port == 1


def test_two_web_processes_are_harmless(folder: Path) -> None:
    """Each runs the tasks that it has accepted; neither starts old ones."""
    command = [sys.executable, "-m", "uvicorn", "stages.s06_at_work.app:app"]
    with subprocess.Popen(
        [*command, "--port", "0", "--workers", "2"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "".join(lines).count("startup complete") == 2:
                process.terminate()
        assert "Error" not in "".join(lines)
        assert "".join(lines).count("startup complete") == 2


def test_a_full_disk_is_told_in_one_line(folder: Path) -> None:
    """A line that cannot be written fails no task."""
    (folder / "background_tasks.log").symlink_to("/dev/full")
    program = (
        "from stages.s06_at_work import settings, start_up\n"
        "start_up.prepare()\n"
        "settings.get_logger().info('hello')\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    hello, reason = process.stderr.splitlines()
    assert hello.endswith("INFO hello")
    assert "No space left on device" in reason
