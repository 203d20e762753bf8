# Axis: measures while it writes, and takes all away when one is too large.


@app.post("/files/", status_code=202)
def upload(
    files: list[UploadFile],
    tasks: BackgroundTasks,
    storage: StorageDep,
    processor: ProcessorDep,
    max_bytes: MaxBytesDep,
) -> list[Accepted]:
    accepted = []
    plans = []
    for each in files:
        known = Accepted(id=uuid4().hex, filename=each.filename or "")
        path = storage / known.id  # the client's name decides nothing
        with path.open("xb") as file:
            shutil.copyfileobj(each.file, file, CHUNK)
        plans.append((known, path))
        accepted.append(known)
    if any(path.stat().st_size > max_bytes for _, path in plans):
        for _, path in plans:
            path.unlink()
        raise HTTPException(413, "too large")
    for known, path in plans:
        records[known.id] = FileRecord(filename=known.filename)
        tasks.add_task(process, known.id, path, processor)
    return accepted
