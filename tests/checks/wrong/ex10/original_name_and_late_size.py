# The last part of the client's name, and a size that is looked at when all is written.
# fails: test_the_same_name_twice_is_two_files, test_any_name_is_good, test_a_file_too_large_refuses_the_whole_request


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
        path = storage / Path(known.filename).name
        with path.open("wb") as file:
            shutil.copyfileobj(each.file, file, CHUNK)
        if path.stat().st_size > max_bytes:
            path.unlink()
            raise HTTPException(413, "That is too much.")
        records[known.id] = FileRecord(filename=known.filename)
        tasks.add_task(process, known.id, path, processor)
        accepted.append(known)
    return accepted
