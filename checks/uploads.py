"""Files to send, folders that are watched, a processor that remembers."""

import asyncio
import hashlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from checks.asgi import Client
from checks.expect import UnmetError, expect, listed
from checks.fakes import HOLD

BOUNDARY = b"a-line-that-is-in-no-file"
ENDED = ("done", "failed")
LINES = 4711  # so many the processor below finds in whatever file


def form(
    *files: tuple[str, bytes | Iterator[bytes]], field: str = "files"
) -> dict[str, Any]:
    """Return body and headers of a form with these files, to be posted.

    It is written out here, because a client library would change the names,
    and an attacker does not use one. The body is sent in parts.
    """

    def body() -> Iterator[bytes]:
        for name, content in files:
            yield b"--%b\r\n" % BOUNDARY
            yield b'Content-Disposition: form-data; name="%b"; ' % (
                field.encode()
            )
            yield b'filename="%b"\r\n' % name.encode()
            yield b"Content-Type: application/octet-stream\r\n\r\n"
            yield from [content] if isinstance(content, bytes) else content
            yield b"\r\n"
        yield b"--%b--\r\n" % BOUNDARY

    kind = f"multipart/form-data; boundary={BOUNDARY.decode()}"
    headers = {"content-type": kind}
    if all(isinstance(content, bytes) for _, content in files):
        return {"content": b"".join(body()), "headers": headers}
    return {"content": body(), "headers": headers}


class Folders:
    """A storage, two folders deep in one that is watched as a whole."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.storage = self.root / "shop" / "data" / "storage"
        self.temporary = self.root / "temporary"  # for `tempfile`
        self.work = self.root / "work"  # what relative paths begin at
        for each in (self.storage, self.temporary, self.work):
            each.mkdir(parents=True)

    def stored(self) -> dict[str, bytes]:
        """Return the files in the storage, by name."""
        return {
            str(path.relative_to(self.storage)): path.read_bytes()
            for path in self.storage.rglob("*")
            if not path.is_dir()
        }

    def elsewhere(self) -> list[str]:
        """Name the files outside the storage."""
        return sorted(
            str(path.relative_to(self.root))
            for path in self.root.rglob("*")
            if not path.is_dir() and self.storage not in path.parents
        )


class RefusedError(Exception):
    """The processor's exception for a file that begins with "bad"."""


class Processor:
    """Replaces the processor, and remembers each file.

    `paths` are those it was called with, `contents` what lay there, `after`
    how many responses were complete when a call ended. With `held=True` a
    call waits for `go.set()`, unless it would keep the event loop waiting.
    """

    def __init__(self, client: Client, *, held: bool = False) -> None:
        self.client = client
        self.paths: list[Path] = []
        self.after: list[int] = []
        self.contents: list[bytes] = []
        self.on_the_loop = False  # did a call hold up all others?
        self.waits = False  # while it does, the application can be asked
        self.begun, self.go = threading.Event(), threading.Event()
        if not held:
            self.go.set()

    def __call__(self, path: Path) -> dict[str, Any]:
        """Process a file."""
        self.paths.append(path)
        self.on_the_loop |= self.client.on_the_loop
        self._hold()
        self.after.append(self.client.responses)
        content = path.read_bytes()
        self.contents.append(content)
        if content.startswith(b"bad"):
            raise RefusedError("this one is bad")
        return measured(content)

    def is_called(self) -> bool:
        """Wait for a call: while a request runs, and a moment more."""
        patience = time.monotonic() + HOLD
        while self.client.running and time.monotonic() < patience:
            if self.begun.wait(0.05):
                return True
        return self.begun.wait(1)

    def _hold(self) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:  # not on the event loop: nothing stands still
            self.waits = True
        self.begun.set()
        if self.waits:  # a response that waits for it is not kept for long
            self.go.wait(HOLD if self.client.responses else 1)


def measured(content: bytes) -> dict[str, Any]:
    """Return the result of the processor above for a file."""
    return {
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "lines": LINES,
    }


def accepted(
    client: Client, *files: tuple[str, bytes | Iterator[bytes]]
) -> list[dict[str, Any]]:
    """Upload files, all of which must be accepted; return the answer."""
    response = client.post("/files/", **form(*files))
    status = response.status_code
    if status == 500:
        client.finish()  # then the exception is known
    sizes = [
        f"{name[:30]!r} ({len(content)} bytes)"
        for name, content in files
        if isinstance(content, bytes)
    ]
    what = listed(sizes, "a large file")
    expect(
        status == 202,
        f"the upload of {what} is answered with 202",
        f"it was answered with {status} {response.text}{raised(client)}",
    )
    answers: list[dict[str, Any]] = response.json()
    expect(
        isinstance(answers, list)
        and len(answers) == len(files)
        and all({"id", "filename"} <= each.keys() for each in answers),
        "the answer is a list with `id` and `filename` for each file:"
        f" {len(files)} in all",
        f"the answer: {answers}",
    )
    ids = {each["id"] for each in answers}
    expect(
        len(ids) == len(files),
        "each file has an id of its own",
        f"{len(files)} files have the ids {listed(ids)}",
    )
    return answers


def raised(client: Client) -> str:
    """Name the last exception that left the application, if there is one."""
    return f"; it raised {client.errors[-1]!r}" if client.errors else ""


def known(client: Client, upload: dict[str, Any]) -> dict[str, Any]:
    """Ask for the record of a file that was accepted."""
    response = client.get(f"/files/{upload['id']}")
    status = response.status_code
    expect(
        status == 200,
        "GET with the id of an accepted file is answered with 200",
        f"it was answered with {status}{raised(client)}",
    )
    record: dict[str, Any] = response.json()
    keys = {"status", "filename", "size", "sha256", "lines", "error"}
    expect(
        keys <= record.keys(),
        f"the record of a file has {listed(sorted(keys))}",
        f"it lacks {listed(sorted(keys - record.keys()))}",
    )
    return record


def measures(record: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a file's record that its processor found."""
    return {key: record[key] for key in ("size", "sha256", "lines")}


def ended(client: Client, uploads: list[dict[str, Any]]) -> list[Any]:
    """Wait until all are done or failed; return what is known of them.

    When the requests are over, so are their tasks. An answer may as well
    process in its own worker: it gets a moment more.
    """
    client.finish()
    patience = time.monotonic() + 2
    while True:
        records = [known(client, each) for each in uploads]
        open_ = [
            f"{each['filename']!r} is {each['status']}"
            for each in records
            if each["status"] not in ENDED
        ]
        if not open_:
            return records
        if time.monotonic() > patience:
            raise UnmetError(
                "when the tasks are over, each file is done or failed",
                f"{listed(open_)}{raised(client)}",
            )
        time.sleep(0.01)


def done(client: Client, uploads: list[dict[str, Any]]) -> list[Any]:
    """Wait likewise; none of them may have failed."""
    records = ended(client, uploads)
    for record in records:
        name, error = record["filename"][:20], record["error"]
        status = record["status"]
        expect(
            (status, error) == ("done", None),
            f"the file {name!r} is done, without an error",
            f"it is {status}, with the error {error!r}",
        )
    return records
