"""Exercise 10, solved: keep the file, answer, then process it."""

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import (
    BackgroundTasks,
    Depends,
    FastAPI,
    HTTPException,
    UploadFile,
)
from pydantic import BaseModel

CHUNK = 64 * 1024  # bytes that are in memory at a time
logger = logging.getLogger(__name__)


class Accepted(BaseModel):
    """The answer of POST for each file (ready)."""

    id: str
    filename: str


class FileRecord(BaseModel):
    """The answer of GET for a file (ready)."""

    status: Literal["queued", "processing", "done", "failed"] = "queued"
    filename: str
    size: int | None = None
    sha256: str | None = None
    lines: int | None = None
    error: str | None = None


records: dict[str, FileRecord] = {}  # by id (ready)


def update(file_id: str, **changes: Any) -> None:
    """Change a record in one step: no GET sees half of it (ready)."""
    records[file_id] = records[file_id].model_copy(update=changes)


Processor = Callable[[Path], dict[str, Any]]


def get_storage() -> Path:
    """Provide the folder for the files, which exists (ready)."""
    storage = Path(tempfile.gettempdir(), "ex10_storage")
    storage.mkdir(exist_ok=True)
    return storage


def get_max_bytes() -> int:
    """Provide the highest size of a file, in bytes (ready)."""
    return 50 * 1024 * 1024


def measure(path: Path) -> dict[str, Any]:
    size, lines, last = 0, 0, b"\n"
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            size += len(chunk)
            lines += chunk.count(b"\n")
            digest.update(chunk)
            last = chunk[-1:]
    if last != b"\n":
        lines += 1  # the last line does not end in a newline
    return {"size": size, "sha256": digest.hexdigest(), "lines": lines}


def get_processor() -> Processor:
    """Provide the function that processes each file (ready)."""
    return measure


def process(file_id: str, path: Path, processor: Processor) -> None:
    update(file_id, status="processing")
    try:
        measures = processor(path)
    except Exception as exc:
        logger.exception("file %s failed", file_id)
        update(file_id, status="failed", error=str(exc))
    else:
        update(file_id, status="done", **measures)


app = FastAPI(title="Exercise 10")
StorageDep = Annotated[Path, Depends(get_storage)]
ProcessorDep = Annotated[Processor, Depends(get_processor)]
MaxBytesDep = Annotated[int, Depends(get_max_bytes)]


@app.post("/files/", status_code=202)
def upload(
    files: list[UploadFile],
    tasks: BackgroundTasks,
    storage: StorageDep,
    processor: ProcessorDep,
    max_bytes: MaxBytesDep,
) -> list[Accepted]:
    if any((each.size or 0) > max_bytes for each in files):
        raise HTTPException(413, f"A file may have {max_bytes} bytes.")
    accepted = []
    for each in files:
        known = Accepted(id=uuid4().hex, filename=each.filename or "")
        path = storage / known.id  # the client's name decides nothing
        with path.open("xb") as file:
            shutil.copyfileobj(each.file, file, CHUNK)
        records[known.id] = FileRecord(filename=known.filename)
        tasks.add_task(process, known.id, path, processor)
        accepted.append(known)
    return accepted


@app.get("/files/{file_id}")
async def read(file_id: str) -> FileRecord:
    """Return the record of a file (ready)."""
    if file_id not in records:
        raise HTTPException(404, "There is no such file.")
    return records[file_id]


# Why so: an upload belongs to the request and is closed with it; what a task
# needs has to be the application's own by then, under a name that no client
# has chosen. The form is parsed before the endpoint runs, so `size` is a fact
# and not the client's word: to look at all sizes first means that nothing has
# to be taken back. `upload` is a plain `def`: copying blocks, so it belongs
# in a worker thread. There is one task for each file, and it records its own
# failure: Starlette drops the tasks that come after one that raises.
#
# Another right way: count while you copy, and unlink what was written when it
# is too much (`ExitStack.callback`, and `pop_all` when all went well). It is
# the only way when you read `request.stream()` yourself, which also spares
# the first copy of the file that the form parser makes.
