"""Cases of one engine: python -m tests.fastapi_timeline.across.lab rq 50.

Each is one request to an application whose task runs in a worker. What the
joined recording says of it is compared with what the application and the
worker have written themselves. Prints JSON: how many were right, what was
wrong.
"""

import http.client
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from threading import Event, Thread
from typing import Any

from fastapi import FastAPI

from course.broker import Broker
from course.database import postgresql
from fastapi_timeline import Recording, record, serve
from fastapi_timeline.across import environment, following, joined
from fastapi_timeline.across.joining import Folder
from fastapi_timeline.model import LOST
from tests.fastapi_timeline.across import witness

# Of fifty; a kind is what the task does.
KINDS = {
    "late": 4,  # published while no worker runs
    "held": 8,
    "free": 8,  # nobody waits for anybody
    "retry": 8,  # fails once
    "failure": 4,  # fails twice
    "delayed": 4,
    "two": 6,  # of one request
    "chain": 6,  # one publishes the other
    "killed": 2,  # its worker is, in the middle of it
}
PATIENCE = 240.0  # a busy machine is no fault
PACKAGE = "tests.fastapi_timeline.across"
ON_POSTGRESQL = {"procrastinate", "dbos"}
Line = dict[str, Any]


def cases(count: int) -> dict[str, list[str]]:
    """Name so many cases of each kind, one at least."""
    total = sum(KINDS.values())
    return {
        kind: [f"{kind}-{n}" for n in range(max(1, each * count // total))]
        for kind, each in KINDS.items()
    }


def application(engine: Any) -> FastAPI:
    """Make the application that hands the tasks over."""
    app = FastAPI()

    @app.post("/{case}")
    def endpoint(case: str) -> None:
        kind = case.partition("-")[0]
        witness.log(case, "endpoint began")
        for name in ("first", "second")[: 2 if kind == "two" else 1]:
            delay = {"delay": 1.0} if kind == "delayed" else {}
            with witness.publishing(case, name):
                engine.publish(case, name, **delay)
            if kind in witness.HELD:
                witness.wait(case, f"{name} began")
        witness.log(case, "endpoint ended")

    return app


@contextmanager
def workers(name: str, folder: Path) -> Iterator[None]:
    """Keep one worker running: one that is killed is started again."""
    command = [sys.executable, "-m", f"{PACKAGE}.work"]
    wanted, variables = Event(), os.environ | environment(folder / "seen")
    wanted.set()
    processes: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        log = (folder / "worker.log").open("ab")
        with log:
            process = subprocess.Popen(
                [*command, name],
                env=variables,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        processes.append(process)

    def keep() -> None:
        while wanted.is_set():
            if processes[-1].poll() is not None and wanted.is_set():
                start()
            time.sleep(0.1)

    start()
    keeper = Thread(target=keep)
    keeper.start()
    try:
        yield
    finally:
        wanted.clear()
        keeper.join()
        processes[-1].terminate()
        try:
            processes[-1].wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(processes[-1].pid, 9)
            processes[-1].wait()


def send(url: str, case: str) -> None:
    """Send a request, and tell its task that the answer has come."""
    connection = http.client.HTTPConnection(url[7:], timeout=PATIENCE)
    connection.request("POST", f"/{case}")
    reply = connection.getresponse()
    reply.read()
    connection.close()
    assert reply.status == 200, (case, reply.status)
    witness.tell(case, "answered")


def witnessed() -> dict[str, list[Line]]:
    """Read what was written of each case, in its order."""
    found: dict[str, list[Line]] = defaultdict(list)
    if witness.LOG.exists():
        for text in witness.LOG.read_text("utf-8").splitlines():
            line = json.loads(text)
            found[line["case"]].append(line)
    return found


def over(case: str, lines: list[Line]) -> bool:
    """Tell whether all that a case does is done."""
    whats = [line["what"] for line in lines]
    kind = case.partition("-")[0]
    if kind == "failure":
        return whats.count("first raised") == 2
    names = ["first", "second"] if kind in {"two", "chain"} else ["first"]
    return all(f"{name} ended" in whats for name in names)


def until_over(
    chosen: list[str], nudge: Callable[[], None] = lambda: None
) -> None:
    """Wait until the cases are done; what is not, is seen later."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = witnessed()
        if all(over(case, found[case]) for case in chosen):
            return
        nudge()
        time.sleep(0.1)


# What a recording says happened in a case: when, and what, as logged.
Step = tuple[int, str]


def steps(picture: Recording) -> list[Step]:
    """Say what the joined recording shows, in the witness's words."""
    found = []
    for event in picture.events:
        if event.lane is None:
            continue
        lane, what = picture.lanes[event.lane], event.what
        if lane.kind == "message":
            ours = lane.form != "row" and "again" not in lane.form
            if ours and what == "began":
                found.append((event.at, f"{lane.name} publish"))
        elif lane.kind in {"endpoint", "task"} and what != LOST:
            found.append((event.at, f"{lane.name} {what}"))
    return found


def bounds(lines: list[Line]) -> Iterator[tuple[str, float, float]]:
    """Say between which moments each step has to be.

    A task begins after it was published, or had begun before, and before its
    own first line; a publication is between the lines around the call.
    """
    latest: dict[str, int] = {}
    for number, line in enumerate(lines):
        name, what = line["what"].split()
        at = line["at"]
        if what == "publish":
            done = f"{name} published"
            after = (x["at"] for x in lines[number:] if x["what"] == done)
            yield line["what"], at, next(after, math.inf)
        elif what == "began":
            yield line["what"], latest.get(name, 0), at
        elif what != "published":
            yield line["what"], at, math.inf
        latest[name] = at


def fault(case: str, picture: Recording, lines: list[Line], zero: int) -> str:
    """Say what a recording has wrong; "" if nothing."""
    seen = steps(picture)
    logged = [x["what"] for x in lines if not x["what"].endswith("published")]
    whats = [what for _, what in seen]
    if sorted(whats) != sorted(logged):
        return f"it shows {whats}, and {logged} happened"
    left = list(seen)
    for what, low, high in bounds(lines):
        at = next(step for step in left if step[1] == what)
        left.remove(at)
        if not low <= at[0] + zero <= high:
            return f"{what} at {at[0] + zero}: not in {low} to {high}"
    if case.partition("-")[0] in witness.HELD and whats != logged:
        return f"its order is {whats}, and {logged} happened"
    lost = sum(event.what == LOST for event in picture.events)
    if lost != case.startswith("killed"):
        return f"{lost} tasks are said to have no end"
    return ""


def zero_of(recording: Recording, seen: Path) -> int:
    """Find the arrival on the clock of the witness."""
    key = next(e for e in recording.events if e.what == "joined")
    lines = Folder.read(seen).lines
    line = next(
        x for x in lines if x["request"] == key.note and x.what == "request"
    )
    return line.at - key.at


def run(name: str, count: int) -> dict[str, Any]:
    """Run the cases of an engine; say how many were recorded rightly."""
    folder = witness.FOLDER
    engine = import_module(f"{PACKAGE}.by_{name}")
    getattr(engine, "start", lambda: None)()
    app = application(engine)
    chosen = cases(count)
    everything = [case for group in chosen.values() for case in group]
    first, last = chosen.pop("late"), chosen.pop("killed")
    middle = [case for group in chosen.values() for case in group]
    with (
        following(folder / "seen"),
        record(app, keep=len(everything)) as recorder,
        serve(app) as url,
        ThreadPoolExecutor(8) as pool,
    ):
        list(pool.map(lambda case: send(url, case), first))
        with workers(name, folder):
            list(pool.map(lambda case: send(url, case), middle))
            until_over([*first, *middle])
            for case in last:
                send(url, case)
                until_over([case], getattr(engine, "nudge", lambda: None))
            recorder.wait(len(everything))
            made = {r.path[1:]: r for r in recorder.recordings}
            pictures = {
                case: joined(recording, folder / "seen", PATIENCE)
                for case, recording in made.items()
            }
    found, wrong, same = witnessed(), {}, 0
    for case in everything:
        zero = zero_of(made[case], folder / "seen")
        text = fault(case, pictures[case], found[case], zero)
        if text:
            wrong[case] = text
        order = [what for _, what in steps(pictures[case])]
        logged = [x["what"] for x in found[case]]
        same += order == [x for x in logged if not x.endswith("published")]
    total = len(everything)
    about = {"engine": name, "version": version(name), "cases": total}
    return {**about, "same": same, "wrong": wrong}


def main(name: str, count: str) -> None:
    """Start what the engine needs, run its cases, print what came of it."""
    folder = Path(tempfile.mkdtemp(prefix=f"across-{name}-"))
    folder.chmod(0o755)  # root's PostgreSQL runs as somebody else
    try:
        with ExitStack() as stack:
            if name in ON_POSTGRESQL:
                url = stack.enter_context(postgresql(folder / "db"))
            else:
                broker = stack.enter_context(Broker(folder / "broker"))
                url = broker.url
            variables = {"ACROSS_URL": url, "ACROSS_FOLDER": str(folder)}
            done = subprocess.run(
                [sys.executable, "-m", f"{PACKAGE}.lab", "run", name, count],
                env=os.environ | variables,
                check=False,
            )
        sys.exit(done.returncode)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    if sys.argv[1] == "run":
        result = run(sys.argv[2], int(sys.argv[3]))
        sys.stdout.write(f"{json.dumps(result)}\n")
    else:
        main(*sys.argv[1:])
