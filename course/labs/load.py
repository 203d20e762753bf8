"""Servers of their own, and a client that asks them as fast as they answer."""

import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from course import ports
from course.folders import environment
from course.mailbox import authority


class NotServedError(Exception):
    """A server did not start, or answered with an error; says what it said."""


class Client(asyncio.Protocol):
    """One connection that is kept: a request, its answer, the next request."""

    def __init__(self, path: str, until: float) -> None:
        self.request = (
            f"POST {path} HTTP/1.1\r\nHost: {ports.HOST}\r\n"
            "Content-Length: 0\r\n\r\n"
        ).encode()
        self.until = until
        self.answered = 0
        self.done = asyncio.get_running_loop().create_future()
        self.read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask at once."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        """Ask again when an answer is complete, until the time is over."""
        self.read += data
        head, blank, body = self.read.partition(b"\r\n\r\n")
        if not blank:
            return
        _, _, rest = head.lower().partition(b"content-length:")
        if len(body) < int(rest.split(b"\r\n")[0] or 0):
            return
        self.read = b""
        if not head.startswith(b"HTTP/1.1 200"):
            self.end(NotServedError(head.decode("latin-1").split("\r\n")[0]))
            return
        self.answered += 1
        if time.perf_counter() < self.until:
            self.transport.write(self.request)
        else:
            self.end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Say so, unless all was over anyway."""
        self.end(NotServedError(f"the connection was closed: {exc}"))

    def end(self, error: Exception | None = None) -> None:
        """Be done once, well or with an error."""
        if self.done.done():
            return
        if error:
            self.done.set_exception(error)
        else:
            self.done.set_result(None)
        self.transport.close()


async def ask(port: int, path: str, seconds: float, clients: int) -> float:
    """Return how many requests a second are answered, tasks included."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    made = [Client(path, began + seconds) for _ in range(clients)]
    for client in made:
        await loop.create_connection(lambda c=client: c, ports.HOST, port)  # type: ignore[misc]
    await asyncio.gather(*(client.done for client in made))
    passed = time.perf_counter() - began
    return sum(client.answered for client in made) / passed


class Server:
    """An application on uvicorn in a process of its own, one worker."""

    def __init__(self, target: str, folder: Path) -> None:
        self.target = target
        self.folder = folder
        self.log = folder / "server.log"
        self.port = 0
        self.data = folder / "data"
        self.data.mkdir()
        authority(self.data)  # stage 5 wants the mailbox's certificate
        settings = environment()
        settings.pop("DATABASE_URL", None)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "course.labs.served", target],
                cwd=folder,
                env=settings,
                stdin=subprocess.PIPE,  # its end is what ends the server
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us, not for it
            )

    def wait(self) -> None:
        """Wait until it is known where it listens."""
        assert self.process.stdout
        said = self.process.stdout.readline()
        if not said.strip():
            self.process.wait()
            raise self.failed("it did not start")
        self.port = int(said)

    def failed(self, what: str) -> NotServedError:
        """Return an error that tells what the server said last."""
        lines = self.log.read_text("utf-8", "replace").strip().splitlines()
        return NotServedError(
            "\n".join([f"{self.target}: {what}", *lines[-5:]])
        )

    def measure(self, path: str, seconds: float, clients: int) -> float:
        """Return the requests a second that it answers just now."""
        try:
            return asyncio.run(ask(self.port, path, seconds, clients))
        except (OSError, NotServedError) as error:
            raise self.failed(str(error)) from error

    def stop(self) -> None:
        """Leave no process behind."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


@contextlib.contextmanager
def serving(targets: list[str]) -> Iterator[dict[str, Server]]:
    """Serve each application in a folder of its own; stop them at the end."""
    with tempfile.TemporaryDirectory() as name:
        servers: dict[str, Server] = {}
        try:
            for target in targets:
                folder = Path(name, target.replace(":", "-"))
                folder.mkdir()
                servers[target] = Server(target, folder)
            for server in servers.values():
                server.wait()
            yield servers
        finally:
            for server in servers.values():
                server.stop()
