# Axis: the form is read by hand; a context manager keeps new files in a temporary folder until all are there.

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Request
from fastapi.concurrency import run_in_threadpool


@contextmanager
def all_or_none(storage: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
        for path in Path(folder).iterdir():
            shutil.move(path, storage)


def keep(uploads: dict[str, Any], storage: Path, max_bytes: int) -> None:
    with all_or_none(storage) as new:
        for file_id, each in uploads.items():
            shutil.copyfileobj(each.file, (new / file_id).open("wb"))
            if (new / file_id).stat().st_size > max_bytes:
                raise HTTPException(413, "too large")


@app.post("/files/", status_code=202)
async def upload(
    request: Request,
    tasks: BackgroundTasks,
    storage: StorageDep,
    processor: ProcessorDep,
    max_bytes: MaxBytesDep,
):
    async with request.form() as data:
        uploads = {uuid4().hex: each for each in data.getlist("files")}
        if not uploads:
            raise HTTPException(422, "no files")
        await run_in_threadpool(keep, uploads, storage, max_bytes)
        names = {file_id: each.filename for file_id, each in uploads.items()}
    for file_id, name in names.items():
        records[file_id] = FileRecord(filename=name)
        tasks.add_task(process, file_id, storage / file_id, processor)
    return [
        {"id": i, "filename": name, "url": f"/files/{i}"}
        for i, name in names.items()
    ]
