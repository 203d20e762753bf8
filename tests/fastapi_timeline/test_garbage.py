"""While it watches, no garbage is taken out that could be visited half-way.

Python before 3.11.3, Debian 12's, crashes where garbage is collected while a
profiled generator runs that has yielded before.
"""

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from fastapi_timeline import record, serve
from tests.fastapi_timeline.small import small
from tests.fastapi_timeline.truth import get

ROOT = Path(__file__).parents[2]

LITTERED = """
import gc
import time
from concurrent.futures import ThreadPoolExecutor

from fastapi import FastAPI
from fastapi.testclient import TestClient

from fastapi_timeline import record

app = FastAPI()


def waits():
    yield 1
    time.sleep(0.02)


def goes_on():
    for number in waits():
        for each in [number]:
            yield each


@app.get("/")
def numbers() -> int:
    return sum(goes_on())


gc.set_threshold(50)
with record(app), TestClient(app) as client, ThreadPoolExecutor(8) as threads:
    asked = [threads.submit(client.get, "/") for _ in range(100)]
    while not all(each.done() for each in asked):
        [[] for _ in range(1000)]
        time.sleep(0.001)
"""


def test_generators_and_garbage_do_not_end_the_process() -> None:
    """A hundred requests wait in generators while lists are thrown away."""
    done = subprocess.run(
        [sys.executable, "-c", LITTERED],
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="nothing is profiled")
def test_garbage_waits_until_no_request_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is taken out then, and by Python itself when nobody watches."""
    from fastapi_timeline import profiled  # noqa: PLC0415 (only on 3.11)

    monkeypatch.setattr(profiled, "CRASHES", True)
    monkeypatch.setattr(profiled, "LITTER", 1000)
    app = small()
    with record(app), serve(app) as url:
        assert not gc.isenabled()
        gc.collect()
        litter = [[each] for each in range(5000)]
        while gc.get_count()[0] > len(litter):
            get()(url)
    assert gc.isenabled()
