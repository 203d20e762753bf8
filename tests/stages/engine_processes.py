"""A stage's worker, or a script beside it, as a process in a folder."""

import contextlib
import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import create_connection, create_server, socket

import psutil
import trustme

from tests.servers import ROOT

PUBLISH = """
from stages.s06_at_work.database import Base, TaskLog, get_session_factory
from stages.s06_at_work.queue import enqueue

def publish(queue, task_name="a"):
    factory = get_session_factory()
    Base.metadata.create_all(factory.kw["bind"])
    payload = {"task_name": task_name}
    row = TaskLog(kind="run-task", task_name=task_name, payload=payload)
    with factory() as session:
        enqueue(session, queue, row)
"""


class Folder:
    """Processes that work in one folder, and what they said."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.processes: list[subprocess.Popen[bytes]] = []
        (path / "data").mkdir(exist_ok=True)

    def script(self, code: str) -> str:
        """Run a script to its end; return all that it said."""
        here = {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=self.path,
            env={**os.environ, **here},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def start(self, module: str, *options: str) -> subprocess.Popen[bytes]:
        """Start a worker or a scheduler."""
        with (self.path / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"stages.{module}.worker", *options],
                cwd=self.path,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(process)
        return process

    def log(self) -> str:
        """Return what the workers said."""
        return (self.path / "log.txt").read_text("utf-8", "replace")

    def end(self) -> None:
        """Leave nothing running, however the test went."""
        for process in self.processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                children = psutil.Process(process.pid).children(recursive=True)
                for one in [psutil.Process(process.pid), *children]:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        one.kill()
            process.wait()


def until(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


@contextlib.contextmanager
def tls_in_front_of(port: int, authority: trustme.CA) -> Iterator[int]:
    """Accept TLS on a port of its own and hand on what is inside."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = create_server(("127.0.0.1", 0))

    def pump(source: socket, target: socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.close()

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = server.accept()
                try:
                    inside = context.wrap_socket(client, server_side=True)
                except OSError:  # the client refused the certificate
                    client.close()
                    continue
                behind = create_connection(("127.0.0.1", port))
                for ends in ((inside, behind), (behind, inside)):
                    threading.Thread(
                        target=pump, args=ends, daemon=True
                    ).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        server.close()
