"""What a request starts beside itself is seen: tasks and threads."""

import asyncio
import gc
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from typing import Any

import anyio
import pytest
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


def test_a_task_of_a_group_of_anyio_has_a_row() -> None:
    """Each call of the same function has one; the group's own code has none."""
    app = FastAPI()

    async def child(number: int) -> None:
        await asyncio.sleep(0)
        if number == 2:
            raise KeyError

    async def starting(*, task_status: Any) -> None:
        task_status.started()
        await asyncio.sleep(0)

    @app.get("/")
    async def ep() -> None:
        try:
            async with anyio.create_task_group() as group:
                await group.start(starting)
                group.start_soon(child, 1)
                group.start_soon(child, 2)
        except Exception:  # noqa: BLE001 (older groups raise the KeyError)
            await child(3)

    with record(app) as recorder, TestClient(app) as client:
        assert client.get("/").status_code == 200
    made = recorder.last
    asides = [lane.name for lane in made.lanes if lane.kind == "aside"]
    assert asides == ["starting", "child", "child"]
    assert ran(made, "starting") == ["made", "entered", "left"]
    assert sorted(ran(made, "child")) == sorted(
        ["made", "made", "entered", "entered", "left", "broke"]
    )


def test_a_task_with_a_context_of_its_own_is_followed() -> None:
    """It has not the request's: it is known by its frame."""
    app = FastAPI()

    async def apart() -> None:
        await asyncio.sleep(0)

    @app.get("/")
    async def ep() -> None:
        loop = asyncio.get_running_loop()
        await asyncio.create_task(apart(), context=Context())
        await loop.create_task(apart(), context=Context())

    with record(app) as recorder, TestClient(app) as client:
        client.get("/")
    assert recorder.last.steps.count("apart ended") == 2
    gc.collect()
    assert not ELSEWHERE


def test_a_loop_in_a_thread_is_followed() -> None:
    """Its tasks end before the thread does."""
    app = FastAPI()

    async def inner() -> None:
        await asyncio.sleep(0)

    def outer() -> None:
        asyncio.run(inner())

    @app.get("/")
    def ep() -> None:
        thread = threading.Thread(target=outer)
        thread.start()
        thread.join()

    with record(app) as recorder, TestClient(app) as client:
        client.get("/")
    steps = recorder.last.steps
    assert steps.index("inner ended") < steps.index("outer ended")
    assert not THREADS


def test_a_middleware_in_a_task_has_one_row() -> None:
    """It is that of the middleware, not of a task."""
    app = FastAPI()

    class InTask:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await asyncio.create_task(self.app(scope, receive, send))

    @app.middleware("http")
    async def inside(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    app.add_middleware(InTask)
    app.get("/")(lambda: 1)
    with record(app) as recorder, TestClient(app) as client:
        client.get("/")
    kinds = [lane.kind for lane in recorder.last.lanes]
    assert kinds == ["middleware", "middleware", "endpoint"]


def test_a_task_that_is_cancelled_before_it_began_says_so() -> None:
    """It does not look as if it still ran."""
    app = FastAPI()

    async def work() -> None:
        """Do nothing."""

    @app.get("/")
    async def ep() -> None:
        task = asyncio.create_task(work())
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with record(app) as recorder, TestClient(app) as client:
        client.get("/")
    picture = terminal(recorder.last)
    assert ran(recorder.last, "work") == ["made", "broke"]
    assert "never began: CancelledError" in picture
    assert "Nobody waits" not in picture


def test_very_many_tasks_are_no_more_than_the_limit() -> None:
    """The picture says how many it leaves out, and names each once."""
    app, end = FastAPI(), asyncio.Event()

    async def work() -> None:
        await end.wait()

    @app.get("/")
    async def ep() -> None:
        app.state.tasks = [asyncio.create_task(work()) for _ in range(3000)]

    with record(app) as recorder, TestClient(app) as client:
        client.get("/")
        made = recorder.last
    assert len(made.lanes) == 2000
    assert made.dropped > 1000
    assert "Nobody waits for work ×1999, not ended by now." in terminal(made)


def test_what_a_loop_in_c_starts_is_said_to_be_unseen() -> None:
    """Only its own `create_task` is: what asyncio's starts has a row."""
    pytest.importorskip("uvloop")
    app = FastAPI()

    async def work() -> None:
        await asyncio.sleep(0)

    @app.get("/loop")
    async def by_loop() -> None:
        await asyncio.get_running_loop().create_task(work())

    @app.get("/asyncio")
    async def by_asyncio() -> None:
        await asyncio.create_task(work())
        async with anyio.create_task_group() as group:
            group.start_soon(work)

    options = {"use_uvloop": True}
    with (
        record(app) as recorder,
        TestClient(app, backend_options=options) as client,
    ):
        client.get("/loop")
        client.get("/asyncio")
    unseen, seen = recorder.recordings
    assert "the loop is one of uvloop" in unseen.remarks[0]
    assert seen.remarks == ()
    assert seen.steps.count("work ended") == 2


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


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
def test_a_thread_has_a_row() -> None:
    """It has no context of the request: it is known by its object."""
    app = FastAPI()

    def work() -> None:
        logger.error("from work")

    class Own(threading.Thread):
        def run(self) -> None:
            inner = threading.Thread(target=nothing)
            inner.start()
            inner.join()

    def nothing() -> None:
        """Do nothing."""

    def tick() -> None:
        """Do nothing."""

    async def forgotten() -> None:
        """Be called, and never awaited."""

    @app.get("/")
    async def ep() -> None:
        threads = [
            threading.Thread(target=work),
            Own(),
            threading.Timer(0, tick),
            threading.Thread(target=forgotten),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    with record(app) as recorder, TestClient(app) as client:
        assert client.get("/").status_code == 200
    made = recorder.last
    assert ran(made, "work") == ["made", "entered", "logged", "left"]
    for name in ("Own", "nothing", "tick"):
        assert ran(made, name) == ["made", "entered", "left"]
    assert ran(made, "forgotten") == ["made", "entered", "left", "unawaited"]
    asides = [x for x in made.lives if x.lane.kind == "aside"]
    assert len(asides) == 5
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
