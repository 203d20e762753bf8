"""Exercise 10: keep the file, answer, then process it.

Story
    The shop's partners upload their lists of orders. Some files are large,
    and counting and checking them takes a while; nobody should wait for that.
    But after a 202, partners delete the original: the shop must not lose its
    copy. And not every partner can be trusted.

Build
    `POST /files/` takes several files in the form field `files` and answers
    202 with a list: an id and the filename for each. Without any file it
    answers 422. `GET /files/{id}` (ready) returns the record of a file, and
    answers 404 for an unknown id.

    `upload` keeps each file in the storage and adds a task that processes it.
    - When the response starts, every byte is in the storage, in a file that
      the application owns. The upload itself (`UploadFile`) may be closed
      before a task begins: FastAPI 0.106 to 0.117 do so.
    - A file may be large: copy it in pieces, never hold it whole in memory.
    - A file may have up to `max_bytes` bytes. The limit is for each file, not
      for all together. If one file is larger, refuse the whole request: 413,
      no file is processed, and the storage contains the same files as before.
    - The client's filename is only a text. "../../x", an absolute path, a
      NUL, 300 characters, a name that was there before: all are accepted and
      processed, and the files lie inside the storage. Your answer holds the
      client's filename, or a cleaned form of it.
    - Afterwards the storage contains at most one file for each upload that
      was accepted, and there is no new file anywhere else.

    `process` is the background task: the response does not wait for it. It
    calls the processor with the file's path in the storage. The processor is
    a plain, slow function. While it runs, other requests must be answered.
    - The status is "queued" after the upload, "processing" while it runs,
      and "done" when the processor has returned. Size, sha256 and lines come
      from the processor; until it has returned they are null.
    - When the processor raises any exception, the status is "failed" and
      `error` is the exception's text. The other files of the request must
      still be processed.

    `measure` is the processor: it takes the path of a file and returns a
    dict with `size` in bytes, `sha256` in hex and `lines`. A file may contain
    any bytes. `lines` counts newlines (the byte 10), plus one when the file
    is not empty and does not end in a newline. A line may be as long as the
    file: read pieces, not lines.

Names that the checks use
    app            the application
    get_storage    returns the folder for the files, a Path that exists (ready)
    get_processor  returns a plain function that takes the path of a file and
                   returns its measures, or raises (ready: `measure`)
    get_max_bytes  returns the highest size of each file, in bytes (ready)
    The checks replace all three: get each of them through Depends.
    Do not change these names. (ready) means: already written.

Builds on exercise 3 and on stages/s05_task_tracker.py. To try it yourself:
python3 start.py try 10

Notebook: notebooks/projects.ipynb
"""

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
    Request,
    UploadFile,
)
from fastapi.responses import JSONResponse
from pydantic import BaseModel

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
    # TODO: read the file in pieces; return size, sha256 and lines.
    raise NotImplementedError("measure reads nothing yet")


def get_processor() -> Processor:
    """Provide the function that processes each file (ready)."""
    return measure


def process(file_id: str, path: Path, processor: Processor) -> None:
    # TODO: process the file, and record the result or the failure.
    raise NotImplementedError("process does nothing yet")


app = FastAPI(title="Exercise 10")
StorageDep = Annotated[Path, Depends(get_storage)]
ProcessorDep = Annotated[Processor, Depends(get_processor)]
MaxBytesDep = Annotated[int, Depends(get_max_bytes)]


@app.exception_handler(NotImplementedError)
async def to_do(_: Request, error: NotImplementedError) -> JSONResponse:
    """Say what is still to do (ready)."""
    return JSONResponse({"to do": str(error)}, 501)


@app.post("/files/", status_code=202)
def upload(
    files: list[UploadFile],
    tasks: BackgroundTasks,
    storage: StorageDep,
    processor: ProcessorDep,
    max_bytes: MaxBytesDep,
) -> list[Accepted]:
    # TODO: keep each file, record it and add its task; or refuse them all.
    raise NotImplementedError("upload keeps nothing yet")


@app.get("/files/{file_id}")
async def read(file_id: str) -> FileRecord:
    """Return the record of a file (ready)."""
    if file_id not in records:
        raise HTTPException(404, "There is no such file.")
    return records[file_id]
