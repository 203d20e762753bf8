# Refuses what is too large with 400.
# fails: test_a_file_too_large_refuses_the_whole_request


@app.post("/files/", status_code=202)
def upload(
    files: list[UploadFile],
    tasks: BackgroundTasks,
    storage: StorageDep,
    processor: ProcessorDep,
    max_bytes: MaxBytesDep,
) -> list[Accepted]:
    if any((each.size or 0) > max_bytes for each in files):
        raise HTTPException(400, f"A file may have {max_bytes} bytes.")
    accepted = []
    for each in files:
        known = Accepted(id=uuid4().hex, filename=each.filename or "")
        path = storage / known.id  # the client's name decides nothing
        with path.open("xb") as file:
            shutil.copyfileobj(each.file, file, CHUNK)
        records[known.id] = FileRecord(filename=known.filename)
        tasks.add_task(process, known.id, path, processor)
        accepted.append(known)
    return accepted
