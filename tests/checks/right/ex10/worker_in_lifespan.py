# Axis: a worker of the lifespan takes jobs from a queue; records in its state; ids are numbers.

import asyncio
import hashlib
import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request, UploadFile

CHUNK = 64 * 1024
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


class Jobs:
    def __init__(self) -> None:
        self.records: dict[int, dict[str, Any]] = {}
        self.numbers = itertools.count(1)
        self.queue: asyncio.Queue[tuple[int, Path, Processor]] = (
            asyncio.Queue()
        )

    async def work(self) -> None:
        while True:
            number, path, processor = await self.queue.get()
            record = self.records[number]
            try:
                found = await asyncio.to_thread(processor, path)
            except Exception as exc:
                record.update(status="failed", error=str(exc))
            else:
                record.update(found, status="done")


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Jobs]]:
    jobs = Jobs()
    worker = asyncio.create_task(jobs.work())
    yield {"jobs": jobs}
    worker.cancel()


def get_jobs(request: Request) -> Jobs:
    return request.state.jobs


JobsDep = Annotated[Jobs, Depends(get_jobs)]
app = FastAPI(lifespan=lifespan)
StorageDep = Annotated[Path, Depends(get_storage)]
ProcessorDep = Annotated[Processor, Depends(get_processor)]
MaxBytesDep = Annotated[int, Depends(get_max_bytes)]


@app.post("/files/", status_code=202)
async def upload(
    files: list[UploadFile],
    jobs: JobsDep,
    storage: StorageDep,
    processor: ProcessorDep,
    max_bytes: MaxBytesDep,
) -> list[dict[str, Any]]:
    for each in files:
        if each.size > max_bytes:
            raise HTTPException(413)
    accepted = []
    for each in files:
        number = next(jobs.numbers)
        path = storage / f"{number:08}.upload"
        with path.open("wb") as file:
            await asyncio.to_thread(shutil.copyfileobj, each.file, file)
        jobs.records[number] = {
            **{"status": "queued", "filename": each.filename},
            **dict.fromkeys(("size", "sha256", "lines", "error")),
        }
        jobs.queue.put_nowait((number, path, processor))
        accepted.append({"id": number, "filename": each.filename})
    return accepted


@app.get("/files/{number}")
async def read(number: int, jobs: JobsDep) -> dict[str, Any]:
    if number not in jobs.records:
        raise HTTPException(404)
    return jobs.records[number]
