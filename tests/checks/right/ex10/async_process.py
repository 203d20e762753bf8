# Axis: an async task works in a thread; the folder of each file is its own.

import asyncio


async def process(file_id: str, path: Path, processor: Processor) -> None:
    update(file_id, status="processing")
    try:
        measures = await asyncio.to_thread(processor, path)
    except Exception as exc:
        logger.exception("file %s failed", file_id)
        update(file_id, status="failed", error=str(exc))
    else:
        update(file_id, status="done", **measures)


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
        folder = storage / known.id
        folder.mkdir()
        path = folder / "file"
        with path.open("xb") as file:
            shutil.copyfileobj(each.file, file, CHUNK)
        records[known.id] = FileRecord(filename=known.filename)
        tasks.add_task(process, known.id, path, processor)
        accepted.append(known)
    return accepted
