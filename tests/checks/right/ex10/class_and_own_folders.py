# Axis: a class as the dependency; a folder and a cleaned name for each file, removed afterwards; errors travel in a group.

import mmap
import os
import re
from collections.abc import AsyncIterator

from fastapi import Response
from fastapi.responses import JSONResponse
from starlette.background import BackgroundTask


def measure(path: Path) -> dict[str, Any]:
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        lines = 0
        if size:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
                at = whole.find(b"\n")
                while at >= 0:
                    lines += 1
                    at = whole.find(b"\n", at + 1)
                lines += whole[size - 1 : size] != b"\n"
    return {"size": size, "sha256": digest.hexdigest(), "lines": lines}


async def get_processor() -> AsyncIterator[Processor]:
    yield measure


def cleaned(name: str | None) -> str:
    last = re.split(r"[/\\]", name or "")[-1]
    return re.sub(r"[^\w.-]", "_", last)[-80:]


class Inbox:
    def __init__(
        self,
        storage: Annotated[Path, Depends(get_storage)],
        processor: Annotated[Processor, Depends(get_processor)],
    ) -> None:
        self.storage, self.processor = storage, processor
        self.paths: dict[str, Path] = {}

    def take(self, upload: UploadFile) -> Accepted:
        file_id = uuid4().hex
        path = self.storage / file_id / f"f-{cleaned(upload.filename)}"
        path.parent.mkdir()
        with path.open("wb") as file:
            for piece in iter(lambda: upload.file.read(1024 * 1024), b""):
                file.write(piece)
        self.paths[file_id] = path
        name = cleaned(upload.filename)
        records[file_id] = FileRecord(filename=name)
        return Accepted(id=file_id, filename=name)

    def __call__(self) -> None:
        problems = []
        for file_id, path in self.paths.items():
            try:
                update(file_id, status="done", **self.processor(path))
            except Exception as exc:
                update(file_id, status="failed", error=str(exc))
                problems.append(exc)
            finally:
                shutil.rmtree(path.parent)
        if problems:
            raise ExceptionGroup("files failed", problems)


del process


@app.post("/files/")
def upload(
    files: list[UploadFile],
    inbox: Annotated[Inbox, Depends()],
    max_bytes: MaxBytesDep,
) -> Response:
    if max(each.size or 0 for each in files) > max_bytes:
        return Response(status_code=413)
    accepted = [inbox.take(each).model_dump() for each in files]
    return JSONResponse(accepted, 202, background=BackgroundTask(inbox))
