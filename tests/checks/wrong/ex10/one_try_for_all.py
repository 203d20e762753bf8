# One task with one `try` around all files: the first failure ends it.
# fails: test_a_failing_file_fails_alone


def process_all(jobs: list[tuple[str, Path]], processor: Processor) -> None:
    try:
        for file_id, path in jobs:
            update(file_id, status="processing")
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
    accepted, jobs = [], []
    for each in files:
        known = Accepted(id=uuid4().hex, filename=each.filename or "")
        path = storage / known.id
        with path.open("xb") as file:
            shutil.copyfileobj(each.file, file, CHUNK)
        records[known.id] = FileRecord(filename=known.filename)
        jobs.append((known.id, path))
        accepted.append(known)
    tasks.add_task(process_all, jobs, processor)
    return accepted
