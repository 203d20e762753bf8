# The client's name if it is free, else the id: a path out of the storage is free, too.
# fails: test_no_name_leads_out_of_the_storage


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
        path = storage / known.filename
        try:
            file = path.open("xb")
        except (OSError, ValueError):
            path = storage / known.id
            file = path.open("xb")
        with file:
            shutil.copyfileobj(each.file, file, CHUNK)
        records[known.id] = FileRecord(filename=known.filename)
        tasks.add_task(process, known.id, path, processor)
        accepted.append(known)
    return accepted
