# One task for all files, with one `try` around the loop.
# fails: test_a_failing_file_fails_alone


def process_all(kept: list[tuple[str, Path]], processor: Processor) -> None:
    for file_id, path in kept:
        update(file_id, status="processing")
    try:
        for file_id, path in kept:
            update(file_id, status="done", **processor(path))
    except Exception as exc:
        update(file_id, status="failed", error=str(exc))


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
    accepted, kept = [], []
    for each in files:
        known = Accepted(id=uuid4().hex, filename=each.filename or "")
        path = storage / known.id
        with path.open("xb") as file:
            shutil.copyfileobj(each.file, file, CHUNK)
        records[known.id] = FileRecord(filename=known.filename)
        kept.append((known.id, path))
        accepted.append(known)
    tasks.add_task(process_all, kept, processor)
    return accepted
