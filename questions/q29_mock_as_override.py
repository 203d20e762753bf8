"""Why is the answer 422 (args, kwargs) with a MagicMock as an override?

Answer: FastAPI reads the signature of an override as that of any dependency. A
`MagicMock` or `AsyncMock` has the signature `(*args, **kwargs)`, so FastAPI
asks the client for two query parameters, `args` and `kwargs`: "Field
required".

Instead: Override with a function without parameters that returns the mock:
`lambda: mailer`. A task that is a method of an `AsyncMock` is awaited.

Since: all versions.

Proof: `get_typed_signature` in fastapi/dependencies/utils.py.

Asked: https://github.com/fastapi/fastapi/issues/3331
https://github.com/fastapi/fastapi/issues/2398
https://github.com/fastapi/fastapi/issues/4704

Deeper: stage 2, notebooks/testing.ipynb,
https://fastapi.tiangolo.com/advanced/testing-dependencies/
"""

from typing import Annotated, Any
from unittest.mock import AsyncMock, MagicMock

from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.testclient import TestClient

app = FastAPI()


class Mailer:
    async def send(self, address: str) -> None:
        raise ConnectionError(f"no mail server for {address}")


@app.post("/invite")
async def invite(
    background_tasks: BackgroundTasks,
    mailer: Annotated[Mailer, Depends(Mailer)],
) -> str:
    background_tasks.add_task(mailer.send, "ada@example.com")
    return "invited"


def answer() -> tuple[int, Any]:
    try:
        response = TestClient(app).post("/invite")
    finally:
        app.dependency_overrides.clear()
    return response.status_code, response.json()


def wrong() -> tuple[int, Any]:
    app.dependency_overrides[Mailer] = MagicMock()
    return answer()


mailer = AsyncMock(spec=Mailer)


def right() -> tuple[int, Any]:
    app.dependency_overrides[Mailer] = lambda: mailer
    return answer()
