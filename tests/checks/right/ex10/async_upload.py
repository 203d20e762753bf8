# Axis: an async endpoint reads in pieces.


@app.post("/files/", status_code=202)
async def upload(
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
        path = storage / known.id  # the client's name decides nothing
        with path.open("xb") as file:
            while piece := await each.read(CHUNK):
                file.write(piece)
        records[known.id] = FileRecord(filename=known.filename)
        tasks.add_task(process, known.id, path, processor)
        accepted.append(known)
    return accepted
