# A copy stays in the temporary folder.
# fails: test_no_name_leads_out_of_the_storage, test_nothing_but_the_uploads_is_left


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
        copy = Path(tempfile.gettempdir(), known.filename[-1:])
        with copy.open("wb") as file:
            shutil.copyfileobj(each.file, file, CHUNK)
        shutil.copy(copy, path)
        records[known.id] = FileRecord(filename=known.filename)
        tasks.add_task(process, known.id, path, processor)
        accepted.append(known)
    return accepted
