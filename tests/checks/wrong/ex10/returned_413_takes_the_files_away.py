# A *returned* 413: the files are gone, but the tasks still run.
# fails: test_a_file_too_large_refuses_the_whole_request


@app.post("/files/", status_code=202, response_model=None)
def upload(
    files: list[UploadFile],
    tasks: BackgroundTasks,
    storage: StorageDep,
    processor: ProcessorDep,
    max_bytes: MaxBytesDep,
) -> Any:
    accepted = []
    for each in files:
        if (each.size or 0) > max_bytes:
            for known in accepted:
                (storage / known.id).unlink()
            return JSONResponse({"detail": "That is too much."}, 413)
        known = Accepted(id=uuid4().hex, filename=each.filename or "")
        path = storage / known.id
        with path.open("xb") as file:
            shutil.copyfileobj(each.file, file, CHUNK)
        records[known.id] = FileRecord(filename=known.filename)
        tasks.add_task(process, known.id, path, processor)
        accepted.append(known)
    return accepted
