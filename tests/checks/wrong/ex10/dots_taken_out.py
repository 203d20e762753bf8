# Takes ".." out of the client's name, and trusts the rest.
# fails: test_the_processor_measures_any_file, test_the_same_name_twice_is_two_files, test_no_name_leads_out_of_the_storage, test_any_name_is_good


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
        path = storage / known.filename.replace("..", "")
        with path.open("xb") as file:
            shutil.copyfileobj(each.file, file, CHUNK)
        records[known.id] = FileRecord(filename=known.filename)
        tasks.add_task(process, known.id, path, processor)
        accepted.append(known)
    return accepted
