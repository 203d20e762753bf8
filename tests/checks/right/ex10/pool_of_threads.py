# Axis: one task runs the files of a request in a pool of threads.

from concurrent.futures import ThreadPoolExecutor


def in_a_pool(jobs: list[Any]) -> None:
    with ThreadPoolExecutor() as pool:
        for job in jobs:
            pool.submit(process, *job)


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
    accepted, jobs = [], []
    for each in files:
        known = Accepted(id=uuid4().hex, filename=each.filename or "")
        path = storage / known.id  # the client's name decides nothing
        with path.open("xb") as file:
            shutil.copyfileobj(each.file, file, CHUNK)
        records[known.id] = FileRecord(filename=known.filename)
        jobs.append((known.id, path, processor))
        accepted.append(known)
    tasks.add_task(in_a_pool, jobs)
    return accepted
