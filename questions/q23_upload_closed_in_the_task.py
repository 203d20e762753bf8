"""Why is the UploadFile closed in my task: "I/O operation on closed file"?

Answer: An upload belongs to its request. From FastAPI 0.106 to 0.117 it was
closed before the background tasks ran. From 0.118 on it stays open until the
last task has ended, but not longer: what outlives the request (`create_task`,
a thread, a worker) finds it closed. A task also finds it closed if its
endpoint closes it in `finally`.

Instead: Copy what the task needs while the request lasts: the bytes of a
small upload, a file of your own for a large one, and hand over its path.

Since: changed in FastAPI 0.106 and in 0.118.

Proof: `file_stack` in fastapi/routing.py, `get_request_handler`; it is left
in fastapi/middleware/asyncexitstack.py, around the whole request.

Asked: https://github.com/fastapi/fastapi/issues/10857
https://github.com/topoteretes/cognee/pull/3093

Deeper: exercise 10, notebooks/projects.ipynb,
https://fastapi.tiangolo.com/tutorial/request-files/
"""

import shutil
from pathlib import Path
from tempfile import NamedTemporaryFile

from fastapi import BackgroundTasks, FastAPI, UploadFile

app = FastAPI()
REQUEST = {"files": {"upload": ("hello.txt", b"hello")}}
contents: list[bytes] = []


def work(upload: UploadFile) -> None:
    contents.append(upload.file.read())


def work_on_a_copy(path: Path) -> None:
    try:
        contents.append(path.read_bytes())
    finally:
        path.unlink()


@app.post("/wrong")
async def wrong(upload: UploadFile, background_tasks: BackgroundTasks) -> None:
    try:
        background_tasks.add_task(work, upload)
    finally:
        await upload.close()  # as is often advised


@app.post("/right")
def right(upload: UploadFile, background_tasks: BackgroundTasks) -> None:
    with NamedTemporaryFile(delete=False) as copy:
        shutil.copyfileobj(upload.file, copy)
    background_tasks.add_task(work_on_a_copy, Path(copy.name))


@app.post("/handed-over")
def handed_over(upload: UploadFile, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(work, upload)
