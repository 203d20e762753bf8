# An id that was never given is said to be queued.
# fails: test_what_is_not_there_is_refused


@app.get("/files/{file_id}")
async def read(file_id: str) -> FileRecord:
    return records.get(file_id, FileRecord(filename=""))
