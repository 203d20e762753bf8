# Axis: the body is parsed while it arrives, into the storage; reading stops when a file is too large.

from functools import partial

from fastapi import Request
from python_multipart.multipart import MultipartParser, parse_options_header


class Parts:
    def __init__(self, storage: Path, max_bytes: int) -> None:
        self.storage, self.max_bytes = storage, max_bytes
        self.names: dict[str, str] = {}
        self.file: Any = None

    def on_part_begin(self) -> None:
        self.header, self.value, self.file = b"", b"", None

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self.header += data[start:end].lower()

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]

    def on_header_end(self) -> None:
        if self.header == b"content-disposition":
            _, self.options = parse_options_header(self.value)
        self.header, self.value = b"", b""

    def on_headers_finished(self) -> None:
        if self.options.get(b"name") == b"files":
            file_id, self.left = uuid4().hex, self.max_bytes
            self.names[file_id] = self.options[b"filename"].decode()
            self.file = (self.storage / file_id).open("xb")

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self.file:
            self.left -= end - start
            if self.left < 0:
                raise HTTPException(413)
            self.file.write(data[start:end])

    def on_part_end(self) -> None:
        if self.file:
            self.file.close()

    def remove(self) -> None:
        for file_id in self.names:
            (self.storage / file_id).unlink()


async def receive(
    request: Request, storage: StorageDep, max_bytes: MaxBytesDep
) -> dict[str, str]:
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data":
        raise HTTPException(422)
    parts = Parts(storage, max_bytes)
    callbacks = {n: getattr(parts, n) for n in dir(parts) if n[:3] == "on_"}
    parser = MultipartParser(options[b"boundary"], callbacks)
    try:
        async for piece in request.stream():
            parser.write(piece)
    except BaseException:
        parts.file.close()
        parts.remove()
        raise
    if not parts.names:
        raise HTTPException(422)
    return parts.names


@app.post("/files/", status_code=202)
async def upload(
    names: Annotated[dict[str, str], Depends(receive)],
    tasks: BackgroundTasks,
    storage: StorageDep,
    processor: ProcessorDep,
) -> list[Accepted]:
    for file_id, name in names.items():
        records[file_id] = FileRecord(filename=name)
        tasks.add_task(partial(process, file_id, storage / file_id), processor)
    return [Accepted(id=i, filename=name) for i, name in names.items()]
