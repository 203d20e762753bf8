# Axis: an async endpoint on a router counts while it copies; one async task for all files.

import asyncio
from contextlib import ExitStack

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool


async def process(file_id: str, path: Path, processor: Processor) -> None:
    update(file_id, status="processing")
    try:
        found = await run_in_threadpool(processor, path)
        update(file_id, status="done", **found)
    except Exception as exc:
        update(file_id, status="failed", error=f"{type(exc).__name__}: {exc}")


async def process_all(paths: dict[str, Path], processor: Processor) -> None:
    jobs = [process(key, path, processor) for key, path in paths.items()]
    await asyncio.gather(*jobs)


async def copy(upload: UploadFile, path: Path, max_bytes: int) -> None:
    left = max_bytes
    with path.open("xb") as file:
        while piece := await upload.read(CHUNK):
            left -= len(piece)
            if left < 0:
                raise HTTPException(413)
            file.write(piece)


router = APIRouter(prefix="/files")
del upload, read


@router.post("/", status_code=202)
async def post(
    files: list[UploadFile],
    tasks: BackgroundTasks,
    storage: StorageDep,
    processor: ProcessorDep,
    max_bytes: MaxBytesDep,
) -> list[Accepted]:
    paths = {uuid4().hex: each for each in files}
    with ExitStack() as undo:
        for file_id, each in paths.items():
            path = storage / file_id
            undo.callback(path.unlink, missing_ok=True)
            await copy(each, path, max_bytes)
        undo.pop_all()
    for file_id, each in paths.items():
        records[file_id] = FileRecord(filename=each.filename)
    tasks.add_task(process_all, {i: storage / i for i in paths}, processor)
    return [Accepted(id=i, filename=f.filename) for i, f in paths.items()]


@router.get("/{file_id}")
def get(file_id: str) -> FileRecord:
    try:
        return records[file_id]
    except KeyError:
        raise HTTPException(404) from None


app.include_router(router)
