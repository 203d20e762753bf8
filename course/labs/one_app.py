"""Ask one application for all that it gives, with the recorder and without.

python -m course.labs.one_app FILE: the file makes `app`. It runs in an
environment of that application, so it imports nothing else of the course.
"""

import http.client
import json
import re
import runpy
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

from fastapi_timeline import record, serve

# What differs from one answer to the next by itself.
FLEETING = {"date", "x-process-time", "server-timing", "content-length"}
COOKIE = "set-cookie"  # its value may be a random token: its name stays
PATIENCE = 5.0


@dataclass(frozen=True)
class Answer:
    """What a client gets."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def inner(route: Any) -> tuple[str, Any]:
    """Give the routes within one, and what stands before their paths."""
    if router := getattr(route, "original_router", None):  # FastAPI 0.137 on
        return route.include_context.prefix, router.routes
    return getattr(route, "path", ""), getattr(route, "routes", None)


def paths(routes: Any, before: str = "") -> Iterator[str]:
    """Find each path that answers a GET, its parameters filled in."""
    for route in routes:
        prefix, within = inner(route)
        if within is not None:
            yield from paths(within, before + prefix)
        elif "GET" in (getattr(route, "methods", None) or ()):
            path = before + route.path
            for name, convertor in route.param_convertors.items():
                kind = type(convertor).__name__
                value = "1" if kind.startswith(("Integer", "Float")) else "x"
                path = re.sub(rf"{{{name}(:\w+)?}}", value, path)
            yield path or "/"


def ask(url: str, path: str) -> Answer | str:
    """Send a GET; say what went wrong, if it did."""
    connection = http.client.HTTPConnection(url[7:], timeout=PATIENCE)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        body = reply.read()
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()
    kept = [
        (name, value.partition("=")[0] if name.lower() == COOKIE else value)
        for name, value in reply.getheaders()
        if name.lower() not in FLEETING
    ]
    return Answer(reply.status, tuple(sorted(kept)), body)


def functions(dependant: Any) -> Iterator[tuple[CodeType, str]]:
    """Give what FastAPI calls for a route: dependencies and endpoint."""
    for one in dependant.dependencies:
        yield from functions(one)
    code = getattr(dependant.call, "__code__", None)
    if code and code.co_name != "<lambda>":  # a picture names it by its place
        yield code, dependant.call.__name__


def known(routes: Any) -> dict[int, str]:
    """Name all such functions by the identity of their code."""
    found: dict[int, str] = {}
    for route in routes:
        found |= known(inner(route)[1] or ())
        if dependant := getattr(route, "dependant", None):
            found |= {id(code): name for code, name in functions(dependant)}
    return found


class Witness:
    """Logs calls by `sys.setprofile`, which the recorder does not use here."""

    def __init__(self, names: dict[int, str]) -> None:
        self.names = names
        self.frames: list[FrameType] = []  # kept: an ID is used again
        self.calls: list[str] = []

    def __call__(self, frame: FrameType, what: str, _: object) -> None:
        """Note the first entry of each frame of such a function."""
        name = self.names.get(id(frame.f_code))
        known = any(frame is one for one in self.frames)
        if what == "call" and name is not None and not known:
            self.frames.append(frame)
            self.calls.append(name)

    def taken(self) -> list[str]:
        """Give what was called since the last time."""
        calls, self.calls, self.frames = self.calls, [], []
        return calls


def compare(app: Any) -> dict[str, Any]:
    """Ask twice without and once with the recorder, then for the order."""
    found = list(dict.fromkeys(paths(app.routes)))
    with serve(app, 30) as url:
        first = {path: ask(url, path) for path in found}
        again = {path: ask(url, path) for path in found}
        with record(app, keep=len(found)) as recorder:
            recorded = {path: ask(url, path) for path in found}
        lost = sorted({r.lost for r in recorder.recordings if r.lost})
        after = {path: ask(url, path) for path in found}
    steady = [path for path in found if first[path] == again[path]]
    same = [path for path in steady if recorded[path] == first[path]]
    moved = [p for p in steady if p not in same and after[p] != first[p]]
    changing = [path for path in found if path not in steady] + moved
    alike = [p for p in changing if status(first[p]) == status(recorded[p])]
    ordered, orders, wrong = order(app, found)
    return {
        "paths": len(found),
        "same": len(same),
        "changing": len(changing),
        "alike": len(alike),
        "different": [p for p in steady if p not in [*same, *moved]],
        "statuses": sorted({str(status(x)) for x in recorded.values()}),
        "ordered": ordered,
        "orders": orders,
        "wrong": wrong,
        "lost": lost,
    }


def status(answer: Answer | str) -> object:
    """Give the status, or what went wrong."""
    return answer.status if isinstance(answer, Answer) else answer


def order(app: Any, found: list[str]) -> tuple[int, int, list[str]]:
    """Compare which functions were called, in which order."""
    witness = Witness(known(app.routes))
    names = set(witness.names.values())
    right, total, wrong = 0, 0, []
    watch: Any = vars(threading)["setprofile_all_threads"]  # from 3.12 on
    watch(witness)
    try:
        with serve(app, 30) as url, record(app, keep=1) as recorder:
            witness.taken()
            for number, path in enumerate(found, 1):
                ask(url, path)
                recorder.wait(number, PATIENCE)
                calls = witness.taken()
                if not calls:
                    continue
                total += 1
                made = recorder.last
                seen = [
                    made.lanes[e.lane].name.rpartition(".")[2]
                    for e in made.events
                    if e.what == "began"
                    and e.lane is not None
                    and made.lanes[e.lane].name.rpartition(".")[2] in names
                ]
                if seen == calls:
                    right += 1
                else:
                    wrong.append(f"{path}: {seen}, and {calls} were called")
    finally:
        watch(None)
    return right, total, wrong


if __name__ == "__main__":
    print(json.dumps(compare(runpy.run_path(sys.argv[1])["app"])))
