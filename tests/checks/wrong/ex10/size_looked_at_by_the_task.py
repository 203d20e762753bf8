# The size is looked at in the task: the client has its 202 already.
# fails: test_a_file_too_large_refuses_the_whole_request


@app.post("/files/", status_code=202)
def upload(
    files: list[UploadFile],
    tasks: BackgroundTasks,
    storage: StorageDep,
    processor: ProcessorDep,
    max_bytes: MaxBytesDep,
) -> list[Accepted]:
    accepted = []
    for each in files:
        known = Accepted(id=uuid4().hex, filename=each.filename or "")
        path = storage / known.id
        with path.open("xb") as file:
            shutil.copyfileobj(each.file, file, CHUNK)
        records[known.id] = FileRecord(filename=known.filename)
        tasks.add_task(checked, known.id, path, processor, max_bytes)
        accepted.append(known)
    return accepted


def checked(
    file_id: str, path: Path, processor: Processor, max_bytes: int
) -> None:
    if path.stat().st_size > max_bytes:
        path.unlink()
        update(file_id, status="failed", error="too large")
        return
    process(file_id, path, processor)
