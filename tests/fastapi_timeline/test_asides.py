"""What a request starts beside itself is seen: tasks and threads."""

import asyncio
import gc
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from fastapi_timeline import Recording, record, svg, terminal
from fastapi_timeline.watch import ELSEWHERE, THREADS

logger = logging.getLogger("tests.asides")


def ran(made: Recording, name: str) -> list[str]:
    """Give what happened on the lane of this name."""
    numbers = [n for n, lane in enumerate(made.lanes) if lane.name == name]
    return [e.what for e in made.events if e.lane in numbers]


def test_a_task_of_asyncio_has_a_row() -> None:
    """By whichever call of asyncio's it was started."""
    app = FastAPI()

    async def one() -> None:
        await asyncio.sleep(0)

    async def two() -> None:
        await asyncio.sleep(0)

    async def three() -> None:
        await asyncio.sleep(0)
        raise KeyError

    async def four() -> None:
        logger.warning("from four")

    @app.get("/")
    async def ep() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(two())
        first = asyncio.create_task(one())
        third = asyncio.get_running_loop().create_task(three())
        await asyncio.gather(first, third, four(), return_exceptions=True)

    with record(app) as recorder, TestClient(app) as client:
        assert client.get("/").status_code == 200
    made = recorder.last
    for name in ("one", "two", "four"):
        expected = ["made", "entered", "left"]
        assert [w for w in ran(made, name) if w != "logged"] == expected
    assert ran(made, "three") == ["made", "entered", "broke"]
    assert "three raised KeyError" in made.steps
    assert "four logged WARNING from four" in made.steps
    assert made.order == ("ep began", "ep ended", "response sent")
    assert "asyncio task" in svg(made)


def test_one_that_outlives_the_request_is_followed_to_its_end() -> None:
    """Until then the picture says that nobody waits for it."""
    app, end = FastAPI(), asyncio.Event()

    async def late() -> None:
        await end.wait()

    @app.get("/")
    async def ep() -> None:
        app.state.late = asyncio.create_task(late())
        await asyncio.sleep(0)

    @app.get("/end")
    async def finish() -> None:
        end.set()
        await app.state.late

    with record(app) as recorder, TestClient(app) as client:
        client.get("/")
        early = recorder.last
        assert ran(early, "late") == ["made", "entered"]
        assert "Nobody waits for late, not ended by now." in terminal(early)
        client.get("/end")
        first, _ = recorder.recordings
    assert ran(first, "late") == ["made", "entered", "left"]
    assert "Nobody waits" not in terminal(first)


def test_a_thread_has_a_row() -> None:
    """It has no context of the request: it is known by its object."""
    app = FastAPI()

    def work() -> None:
        logger.error("from work")

    class Own(threading.Thread):
        def run(self) -> None:
            raise_nothing()

    def raise_nothing() -> None:
        """Do nothing."""

    @app.get("/")
    async def ep() -> None:
        threads = [threading.Thread(target=work), Own()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    with record(app) as recorder, TestClient(app) as client:
        assert client.get("/").status_code == 200
    made = recorder.last
    assert ran(made, "work") == ["made", "entered", "logged", "left"]
    assert ran(made, "Own") == ["made", "entered", "left"]
    asides = [x for x in made.lives if x.lane.kind == "aside"]
    assert len(asides) == 2
    assert not [x for x in asides if "loop" in x.where]


def test_work_for_a_pool_of_threads_has_a_row() -> None:
    """Given to it by hand, or by asyncio."""
    app, pool = FastAPI(), ThreadPoolExecutor(1)

    def one() -> None:
        """Do nothing."""

    def two(_: int) -> None:
        """Do nothing."""

    @app.get("/")
    async def ep() -> None:
        pool.submit(one).result()
        await asyncio.to_thread(two, 1)

    with record(app) as recorder, TestClient(app) as client:
        assert client.get("/").status_code == 200
    pool.shutdown()
    made = recorder.last
    assert ran(made, "one") == ["made", "entered", "left"]
    assert ran(made, "two") == ["made", "entered", "left"]


def test_a_thread_calls_what_it_likes(log: Any) -> None:
    """What is due on the loop is not begun by a thread that calls it."""
    app, d = FastAPI(), log.does("d")

    async def ep() -> None:
        thread = threading.Thread(target=log.aside, args=(d,))
        thread.start()
        thread.join()
        with log.around("ep"):
            pass

    app.get("/")(ep)
    log.agrees(app)


def test_what_the_libraries_start_has_none() -> None:
    """Starlette's own tasks, and the worker threads of `def` functions."""
    app = FastAPI()

    @app.middleware("http")
    async def mark(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    @app.get("/")
    def ep() -> None:
        """Do nothing."""

    with record(app) as recorder, TestClient(app) as client:
        assert client.get("/").status_code == 200
    assert [lane.name for lane in recorder.last.lanes] == ["mark", "ep"]


def test_nothing_is_kept_for_work_that_never_ran() -> None:
    """It was cancelled; nobody expects it any more."""
    app, ran_ = FastAPI(), []

    def never() -> None:
        ran_.append(1)

    @app.get("/")
    async def ep() -> None:
        pool, held = ThreadPoolExecutor(1), threading.Event()
        pool.submit(held.wait)
        pool.submit(never)
        pool.shutdown(wait=False, cancel_futures=True)
        held.set()

    with record(app) as recorder, TestClient(app) as client:
        assert client.get("/").status_code == 200
        assert ran(recorder.last, "never") == ["made"]
        assert "never" in terminal(recorder.last)
    gc.collect()
    assert not ran_
    assert not THREADS
    assert not ELSEWHERE
