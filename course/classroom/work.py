"""What is to be graded and what is done, kept in files: a run goes on.

A result is kept under a hash of the answers and of all that judges them, so
that only what has changed is graded again.
"""

import hashlib
import json
import shutil
import sys
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from course.classroom.sandbox import ROOMS, Results, Sandbox
from course.folders import ROOT
from course.grader.files import replace

JUDGES = (
    *("course/grader", "course/classroom/sandbox.py"),
    *("fastapi_timeline", "locks/learn.txt"),
)
Answers = dict[str, bytes]  # by exercise
Jobs = dict[str, Answers]  # by the name of the result


def fingerprint(checks: Path, rooms: Iterable[str] = ROOMS) -> str:
    """Hash the checks and all that an answer might change in these rooms."""
    whole = hashlib.sha256()
    for path in (checks, *(ROOT / room for room in rooms)):
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            if "__pycache__" not in file.parts and file.is_file():
                whole.update(f"{file.relative_to(path.parent)}\0".encode())
                whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


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
        folder.mkdir(parents=True, exist_ok=True)
        judges = fingerprint(checks, JUDGES)
        self.judges = f"{judges} {sys.version} {names}"
        self.solutions = {
            path.stem: path.read_bytes()
            for path in checks.parent.glob("solutions/*.py")
            if path.stem in names
        }
        self.worth = "solutions-" + self.key(self.solutions)

    def key(self, answers: Answers) -> str:
        """Name the result of these answers."""
        whole = hashlib.sha256(self.judges.encode())
        for name, data in sorted(answers.items()):
            whole.update(f"\0{name} {len(data)}\0".encode() + data)
        return whole.hexdigest()[:32]

    def path(self, key: str) -> Path:
        """Return where a result is kept."""
        return self.folder / f"{key}.json"

    def get(self, key: str) -> Results:
        """Return the results by exercise, if they are there and whole."""
        try:
            results: Results = json.loads(self.path(key).read_bytes())
        except (OSError, ValueError):
            return {}
        return results

    def is_settled(self, key: str) -> bool:
        """Whether there are results, and all of them judge the answers."""
        states = {result["state"] for result in self.get(key).values()}
        return bool(states) and "unjudged" not in states

    def grade(self, key: str, answers: Answers, sandbox: Sandbox) -> None:
        """Grade them and keep the results."""
        write(self.path(key), dump(sandbox.grade(answers, [*answers])))

    def begin(self, jobs: Jobs) -> Jobs:
        """Return what has no result yet, or one that is no judgement.

        The course's own solutions are graded first: they say what each
        exercise is worth. And they make Python compile what answers import:
        in a sandbox it can't keep that.
        """
        if not self.is_settled(self.worth):
            print("First the course's own solutions ...", file=sys.stderr)
            trusting = Sandbox(self.checks, self.folder, trusted=True)
            results = trusting.grade(self.solutions, self.names)
            write(self.path(self.worth), dump(results))
        if not self.is_settled(self.worth):
            raise ValueError(
                "The grader can't judge the course's own solutions here: see"
                f" {self.path(self.worth)}."
            )
        todo = {}
        for key, answers in jobs.items():
            if answers and not self.is_settled(key):
                self.path(key).unlink(missing_ok=True)
                todo[key] = answers
        return todo

    def put_job(self, key: str, answers: Answers) -> None:
        """Keep what a worker is to grade."""
        for name, data in answers.items():
            file = self.folder / "jobs" / key / f"{name}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)

    def job(self, key: str) -> Answers:
        """Read it."""
        files = (self.folder / "jobs" / key).iterdir()
        return {file.stem: file.read_bytes() for file in files}

    def forget(self, keys: Iterable[str]) -> None:
        """Remove all but these results."""
        for path in self.folder.iterdir():
            if path.is_dir():  # of the workers, or of a killed run
                shutil.rmtree(path)
            elif path.stem not in keys:
                path.unlink()


def grade(
    store: Store, jobs: Jobs, sandbox: Sandbox, at_once: int
) -> Generator[str, None, None]:
    """Grade them all, several beside each other; give those that are done."""
    with ThreadPoolExecutor(at_once) as pool:
        running = {
            pool.submit(store.grade, key, answers, sandbox): key
            for key, answers in jobs.items()
        }
        try:
            for future in as_completed(running):
                future.result()
                yield running[future]
        finally:  # Ctrl-C, perhaps
            sandbox.stopped = True
            pool.shutdown(cancel_futures=True)
