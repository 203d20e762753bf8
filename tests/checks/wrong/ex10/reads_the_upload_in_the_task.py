# The task reads the upload, which may be closed by then.
# fails: test_every_byte_is_stored_before_the_response


def copy_and_process(
    file_id: str, each: UploadFile, path: Path, processor: Processor
) -> None:
    with path.open("xb") as file:
        shutil.copyfileobj(each.file, file, CHUNK)
    process(file_id, path, processor)


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
        path = storage / known.id
        records[known.id] = FileRecord(filename=known.filename)
        tasks.add_task(copy_and_process, known.id, each, path, processor)
        accepted.append(known)
    return accepted
