"""What is to be graded and what is done, kept in files: a run goes on.

A result is kept under a hash of the answers and of all that judges them, so
that only what has changed is graded again.
"""

import hashlib
import json
import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from course.broker import Broker
from course.classroom.sandbox import ROOMS, Sandbox, settled
from course.folders import ROOT
from course.grader.files import replace
from course.processes import NoServerError, Program, stop_all

JUDGES = ("course/grader", "fastapi_timeline", "locks/learn.txt")
KEPT = (
    *("name", "title", "state", "points", "max_points", "fault", "promise"),
    *("message", "did", "expected", "got", "place", "code"),
)
STARTS = 5  # of a worker without a result: then something else is wrong
Answers = dict[str, bytes]  # by exercise
Jobs = dict[str, Answers]  # by the name of the result
Done = Callable[[str], object]


def fingerprint(*paths: Path) -> str:
    """Hash all files below, but for what Python compiles."""
    found = hashlib.sha256()
    for path in paths:
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            if "__pycache__" not in file.parts and file.is_file():
                found.update(f"{file.relative_to(path.parent)}\0".encode())
                found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


def of_the_course(checks: Path) -> str:
    """Hash all that an answer might change if nothing held it back."""
    return fingerprint(checks, *(ROOT / name for name in ROOMS))


def dump(data: Any) -> str:
    """Write JSON, the same for the same data."""
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False)


def write(path: Path, text: str) -> None:
    """Write a file as a whole, whatever characters an answer has printed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, text.encode("utf-8", "backslashreplace"))


class Store:
    """Results and what is to be graded, in a folder that workers share."""

    def __init__(self, folder: Path, checks: Path, names: list[str]) -> None:
        self.folder, self.checks, self.names = folder, checks, names
        judges = fingerprint(checks, *(ROOT / name for name in JUDGES))
        self.judges = f"{judges} {sys.version} {names}"
        # Good answers say what each exercise is worth. And they make Python
        # compile what answers import: in a sandbox it can't keep that.
        solutions = [checks.parent / f"solutions/{name}.py" for name in names]
        self.solutions = {
            path.stem: path.read_bytes()
            for path in solutions
            if all(map(Path.is_file, solutions))
        }
        self.worth = self.key(self.solutions)

    def key(self, answers: Answers) -> str:
        """Name the result of these answers."""
        found = hashlib.sha256(self.judges.encode())
        for name, data in sorted(answers.items()):
            found.update(f"\0{name} {len(data)}\0".encode() + data)
        return found.hexdigest()[:32]

    def path(self, key: str) -> Path:
        """Say where a result is kept."""
        return self.folder / f"{key}.json"

    def get(self, key: str) -> dict[str, Any]:
        """Return a result by exercise, if it is there and whole."""
        try:
            found: dict[str, Any] = json.loads(self.path(key).read_bytes())
        except (OSError, ValueError):
            return {}
        return found

    def whole(self, key: str) -> bool:
        """Whether it is there, and nothing of it is to be graded again."""
        found = self.get(key)
        return bool(found) and all(map(settled, found.values()))

    def grade(self, answers: Answers, sandbox: Sandbox) -> None:
        """Grade it and keep the result; times differ and are left out."""
        names = [each for each in self.names if each in answers or not answers]
        found = sandbox.grade(answers, names)
        for name, result in found.items():
            if isinstance(result, dict):
                found[name] = _short(result)
                checks = [_short(check) for check in result["checks"]]
                found[name]["checks"] = checks
        write(self.path(self.key(answers)), dump(found))

    def put_job(self, key: str, answers: Answers) -> None:
        """Keep what a worker is to grade."""
        text = {name: data.decode("latin-1") for name, data in answers.items()}
        write(self.folder / "jobs" / key, dump(text))

    def job(self, key: str) -> Answers:
        """Read it."""
        text = json.loads((self.folder / "jobs" / key).read_bytes())
        return {name: data.encode("latin-1") for name, data in text.items()}

    def log(self, slot: int) -> Path:
        """Say where a worker writes what it does."""
        return self.folder / f"worker-{slot}.log"

    def forget(self, keys: set[str]) -> None:
        """Remove what does not belong to these results."""
        for path in self.folder.iterdir():
            if path.is_dir():  # the workers' jobs and broker
                shutil.rmtree(path)
            elif path.stem not in keys:
                path.unlink()


def _short(result: dict[str, Any]) -> dict[str, Any]:
    return {name: result[name] for name in KEPT if name in result}


def here(store: Store, sandbox: Sandbox, jobs: Jobs, done: Done) -> None:
    """Grade them all in this process's sandboxes."""
    with ThreadPoolExecutor(sandbox.at_once) as pool:
        running = {
            pool.submit(store.grade, answers, sandbox): key
            for key, answers in jobs.items()
        }
        try:
            for future in as_completed(running):
                future.result()
                done(running[future])
        finally:  # Ctrl-C, perhaps
            sandbox.stop()
            pool.shutdown(cancel_futures=True)


def on_celery(store: Store, sandbox: Sandbox, jobs: Jobs, done: Done) -> None:
    """Have workers grade them, which may be on other machines too.

    What a killed worker had is published again at once; a second worker that
    gets it finds the result, and does nothing.
    """
    from course.classroom import worker  # noqa: PLC0415 (slow to import)

    for key, answers in jobs.items():
        store.put_job(key, answers)
    with ExitStack() as stack:
        url = (
            os.environ.get("REDIS_URL")
            or stack.enter_context(Broker(store.folder / "broker")).url
        )
        settings = worker.settings(url, store, sandbox)
        if "REDIS_URL" in os.environ:
            told = [f"{name}={value}" for name, value in settings.items()]
            words = ["env", *told, sys.executable, "-m", worker.__name__, "9"]
            print(f"On a further machine: {shlex.join(words)}")
        workers: dict[int, Program] = {}
        stack.callback(lambda: stop_all([*workers.values()], 3))
        left, starts = set(jobs), 0
        while left:
            for slot in range(sandbox.at_once):
                if slot not in workers or not workers[slot].running:
                    starts += 1
                    if starts > STARTS * sandbox.at_once:
                        raise NoServerError(
                            "The workers end again and again, and give no"
                            f" result: see {store.log(slot)}."
                        )
                    workers[slot] = worker.start(slot, settings, store)
                    worker.publish(url, sorted(left))
            for key in sorted(left):
                if store.path(key).exists():
                    left.discard(key)
                    starts = 0
                    done(key)
            time.sleep(0.1)
