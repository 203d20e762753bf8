"""What the recorder costs: absent, present but off, and on, interleaved.

Each way is a server process of its own; one client asks them in turn, so
that what else this machine does falls on all of them alike. A second server
without a recorder shows how much of a difference is noise.
"""

import argparse
import asyncio
import http.client
import importlib
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Annotated, Any

from fastapi import (
    BackgroundTasks,
    Depends,
    FastAPI,
    HTTPException,
    Request,
)
from fastapi.responses import JSONResponse

from course.folders import environment
from fastapi_timeline import Recorder, serve

WAYS = ["absent", "again", "off", "on"]
PATHS = {
    "bare": "GET / 200",
    "four": "GET / 200",
    "async": "GET / 200",
    "stage3": "POST /send-notification/ada@example.com 200",
    "refused": "GET / 403",
    "handled": "GET / 409",
}
TITLES = {
    "bare": "a bare endpoint",
    "four": "four `def` dependencies and a task",
    "async": "four `async def` dependencies and a task",
    "stage3": "stage 3",
    "refused": "a dependency raises an HTTPException",
    "handled": "an endpoint's own error, with a handler",
}


def application(name: str) -> Any:
    """Make one of the applications that are measured."""
    if name == "stage3":
        module = importlib.import_module("stages.s03_chained_dependencies")
        return module.app
    app = FastAPI()
    app.add_exception_handler(OwnError, answer)
    made: dict[str, Callable[[], Any]] = {
        "bare": lambda: bare,
        "four": with_four,
        "async": all_async,
        "refused": lambda: never,
        "handled": lambda: fails,
    }
    app.get("/")(made[name]())
    return app


def bare() -> int:
    """Do nothing."""
    return 1


def with_four() -> Any:
    """Make an endpoint of `def` functions."""
    one, two, three, four = (plain(number) for number in range(4))

    def endpoint(
        tasks: BackgroundTasks,
        _1: Annotated[int, Depends(one)],
        _2: Annotated[int, Depends(two)],
        _3: Annotated[int, Depends(three)],
        _4: Annotated[int, Depends(four)],
    ) -> int:
        tasks.add_task(one)
        return 1

    return endpoint


def all_async() -> Any:
    """Make an endpoint of `async def` functions."""
    a, b, c, d = (awaited(number) for number in range(4))

    async def endpoint(
        tasks: BackgroundTasks,
        _1: Annotated[int, Depends(a)],
        _2: Annotated[int, Depends(b)],
        _3: Annotated[int, Depends(c)],
        _4: Annotated[int, Depends(d)],
    ) -> int:
        tasks.add_task(a)
        return 1

    return endpoint


def plain(number: int) -> Any:
    """Make a dependency that FastAPI runs in a worker thread."""

    def dependency() -> int:
        return number

    return dependency


def awaited(number: int) -> Any:
    """Make one that it runs on the event loop."""

    async def dependency() -> int:
        return number

    return dependency


async def refuse() -> None:
    """Let nobody in."""
    raise HTTPException(403)


async def never(_: Annotated[None, Depends(refuse)]) -> None:
    """Not be reached."""
    raise AssertionError


def hold() -> Iterator[int]:
    """Give something that is held while the error passes."""
    yield 1


class OwnError(Exception):
    """An application's own."""


async def fails(_: Annotated[int, Depends(hold)]) -> None:
    """Fail, while something is held."""
    raise OwnError


async def answer(_request: Request, _error: Exception) -> JSONResponse:
    """Make a response of the error."""
    return JSONResponse({"detail": "conflict"}, 409)


def stand(name: str, way: str) -> None:
    """Be a server until the input ends; say first where it is."""
    app = application(name)
    if way in {"off", "on"}:
        app = Recorder(app)
        app.on = way == "on"
    with serve(app) as url:
        print(url, flush=True)
        sys.stdin.read()


@contextmanager
def server(name: str, way: str) -> Iterator[http.client.HTTPConnection]:
    """Start a server process and connect to it."""
    command = [sys.executable, "-m", "course.labs.bench_timeline"]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "data").mkdir()
        with subprocess.Popen(
            [*command, "--stand", name, way],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # stage 3 logs each request
            cwd=folder,
            env=environment(),
            text=True,
        ) as process:
            assert process.stdin
            assert process.stdout
            url = process.stdout.readline().strip()
            yield http.client.HTTPConnection(url[7:], timeout=30)
            process.stdin.close()
            process.wait()


def spend(
    connection: http.client.HTTPConnection, name: str, count: int
) -> float:
    """Send some requests, one after the other: milliseconds for each."""
    method, path, status = PATHS[name].split()
    connection.close()  # a server gives up one that was idle for 5 s
    connection.connect()
    began = perf_counter()
    for _ in range(count):
        connection.request(method, path)
        response = connection.getresponse()
        response.read()
        assert response.status == int(status), response.status
    return (perf_counter() - began) / count * 1000


def compare(name: str, rounds: int, count: int) -> None:
    """Measure one application in all ways, and print the ratios."""
    taken: dict[str, list[float]] = {way: [] for way in WAYS}
    with ExitStack() as stack:
        at = {way: stack.enter_context(server(name, way)) for way in WAYS}
        for way in WAYS:
            spend(at[way], name, 50)  # the first ones load and compile
        for number in range(rounds):
            turn = number % len(WAYS)
            for way in WAYS[turn:] + WAYS[:turn]:
                taken[way].append(spend(at[way], name, count))
    base = taken["absent"]
    said = []
    for way in WAYS[1:]:
        pairs = zip(taken[way], base, strict=True)
        ratios = sorted(one / other for one, other in pairs)
        low, high = ratios[len(ratios) // 4], ratios[-len(ratios) // 4]
        said.append(f"{median(ratios):.2f} ({low:.2f} to {high:.2f})")
    print(f"| {TITLES[name]} | {median(base):.2f} ms | {' | '.join(said)} |")


def flood() -> None:
    """Send 2,000 requests, 200 at a time: none may be lost."""
    with Recorder(application("four")) as recorder, serve(recorder) as url:

        def ask(_: int) -> int:
            connection = http.client.HTTPConnection(url[7:], timeout=60)
            status = 0
            for _ in range(10):
                connection.request("GET", "/")
                response = connection.getresponse()
                response.read()
                status += response.status == 200  # noqa: PLR2004
            connection.close()
            return status

        with ThreadPoolExecutor(200) as pool:
            right = sum(pool.map(ask, range(200)))
        recorder.wait(seconds=30)
        print(
            f"\n200 at once: {right} of 2000 answered, {recorder.seen}"
            f" recorded, {recorder.skipped} without a picture"
        )


def memory(requests: int) -> None:
    """Call the application so often, and print what the process holds."""
    app = Recorder(application("async"))
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": [],
    }
    scope |= {"query_string": b"", "http_version": "1.1", "scheme": "http"}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Any) -> None:
        pass

    async def some(count: int) -> None:
        for _ in range(count):
            await app({**scope}, receive, send)

    sizes = []
    for _ in range(5):
        asyncio.run(some(requests // 5))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sizes.append(f"{peak // 1024}")
    print(f"\n{app.seen} recorded; peak after each fifth: {sizes} MiB")


def main() -> None:
    """Measure all, or be one of the servers."""
    parser = argparse.ArgumentParser("bench_timeline", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--requests", type=int, default=50)
    parser.add_argument("--of", nargs="+", choices=PATHS, default=PATHS)
    parser.add_argument("--memory", type=int, default=0, metavar="REQUESTS")
    parser.add_argument("--stand", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.stand:
        stand(*chosen.stand)
        return
    print("| | absent | absent, again | off | on |\n|---|---|---|---|---|")
    for name in chosen.of:
        compare(name, chosen.rounds, chosen.requests)
    if chosen.of is PATHS:
        flood()
    if chosen.memory:
        memory(chosen.memory)


if __name__ == "__main__":
    main()
