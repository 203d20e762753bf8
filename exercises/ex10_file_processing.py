"""Exercise 10: keep the file, answer, then process it.

Story
    The shop's partners upload their lists of orders. Some files are large,
    and to count and check them takes a while; nobody should wait for that.
    But after a 202, partners delete the original: from then on the file
    must be safe. And not every partner can be trusted.

Build
    `POST /files/` takes several files in the form field `files` and answers
    202 with a list: an id and the filename for each. Without any file it
    answers 422. `GET /files/{id}`, which is given, says what is known of a
    file, and answers 404 for an unknown id.

    `upload` keeps each file in the storage and adds a task that processes it.
    - When the response starts, every byte is in the storage, in a file that
      the application owns. The upload itself (`UploadFile`) may be closed
      before a task begins: FastAPI 0.106 to 0.117 do so.
    - A file may be large: copy it in pieces, never hold it whole in memory.
    - A file may have `max_bytes` bytes, exactly so many included. The limit
      is for each file, not for all together. One that is larger refuses the
      whole request: 413, no file is processed, and the storage holds what it
      held before.
    - The client's filename is only a text. "../../x", an absolute path, a
      NUL, 300 characters, a name that was there before: all are accepted and
      processed, and the files lie inside the storage. Your answer holds the
      client's filename, or a cleaned form of it.
    - Afterwards the storage holds at most one file for each upload that was
      accepted, and no new file lies anywhere else.

    `process` is the background task: the response does not wait for it. It
    calls the processor with the file's path in the storage. The processor is
    a plain function that takes its time; meanwhile, others are answered.
    - The status is "queued" after the upload, "processing" while it runs,
      and "done" when the processor has returned. Size, sha256 and lines are
      what the processor returned; until then they are null.
    - When the processor raises, whatever it is, the status is "failed" and
      `error` is the exception's text. The other files of the request are
      processed all the same.

    `measure` is the processor: it takes the path of a file and returns a
    dict with `size` in bytes, `sha256` in hex and `lines`. Any bytes are
    good. `lines` counts newlines (the byte 10), plus one when the file is not
    empty and does not end in one. A line may be as long as the file: read
    pieces, not lines.

Names the checks rely on
    app            the application
    get_storage    gives the folder for the files, a Path that exists (given)
    get_processor  gives a plain function that takes the path of a file and
                   returns its measures, or raises (given: `measure`)
    get_max_bytes  gives how many bytes each file may have (given)
    The checks replace all three; what they give reaches you by Depends.

Builds on exercise 3 and on stages/s05_task_tracker.py. To try it yourself:
uvicorn exercises.ex10_file_processing:app

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
    """What POST says of each file (given)."""

    id: str
    filename: str


class FileRecord(BaseModel):
    """What GET says of a file (given)."""

    status: Literal["queued", "processing", "done", "failed"] = "queued"
    filename: str
    size: int | None = None
    sha256: str | None = None
    lines: int | None = None
    error: str | None = None


records: dict[str, FileRecord] = {}  # by id (given)


def update(file_id: str, **changes: Any) -> None:
    """Change a record, all at once: no GET sees half of it (given)."""
    records[file_id] = records[file_id].model_copy(update=changes)


Processor = Callable[[Path], dict[str, Any]]


def get_storage() -> Path:
    """Provide the folder for the files, which exists (given)."""
    storage = Path(tempfile.gettempdir(), "ex10_storage")
    storage.mkdir(exist_ok=True)
    return storage


def get_max_bytes() -> int:
    """Provide how many bytes a file may have (given)."""
    return 50 * 1024 * 1024


def measure(path: Path) -> dict[str, Any]:
    # TODO: read the file in pieces; return size, sha256 and lines.
    raise NotImplementedError("measure reads nothing yet")


def get_processor() -> Processor:
    """Provide what is done with each file (given)."""
    return measure


def process(file_id: str, path: Path, processor: Processor) -> None:
    # TODO: process the file, and record how that ends.
    raise NotImplementedError("process does nothing yet")


app = FastAPI(title="Exercise 10")
StorageDep = Annotated[Path, Depends(get_storage)]
ProcessorDep = Annotated[Processor, Depends(get_processor)]
MaxBytesDep = Annotated[int, Depends(get_max_bytes)]


@app.exception_handler(NotImplementedError)
async def to_do(_: Request, error: NotImplementedError) -> JSONResponse:
    """Say what is still to do (given)."""
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
    """Say what is known of a file (given)."""
    if file_id not in records:
        raise HTTPException(404, "There is no such file.")
    return records[file_id]
