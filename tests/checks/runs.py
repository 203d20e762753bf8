"""Run the checks of an exercise against an answer, in a process of its own.

Each process is forked from one that has the libraries loaded, two run at a
time, and each answer runs once however many tests ask for it.
"""

import atexit
import contextlib
import functools
import io
import multiprocessing
import os
import tempfile
from dataclasses import dataclass
from multiprocessing.pool import AsyncResult, Pool
from pathlib import Path

import pytest

from tests.checks.variations import assembled, is_whole

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
EXERCISES = sorted((ROOT / "exercises").glob("ex*.py"))
LIMIT = 100  # seconds, all that lie before it included
LOADED = [
    "pytest",
    *("fastapi", "fastapi.responses", "fastapi.concurrency"),
    *("email_validator", "pydantic_settings", "sqlalchemy.orm"),
    *("sqlalchemy.dialects.sqlite", "checks.asgi", "checks.loggers"),
]


@dataclass(frozen=True)
class Outcome:
    """Which checks passed, and what those say that did not."""

    passed: frozenset[str]
    failed: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """An answer to an exercise, wherever it lies."""

    path: Path
    exercise: Path

    @property
    def name(self) -> str:
        """What a test that is about it is called."""
        return self.path.relative_to(ROOT).with_suffix("").as_posix()

    @property
    def checks(self) -> Path:
        """The file with its checks."""
        return ROOT / "checks" / f"test_{self.exercise.name}"

    @property
    def text(self) -> str:
        """The whole answer; a variation is put into the solution."""
        text = self.path.read_text("utf-8")
        if is_whole(text):
            return text
        solution = ROOT / "solutions" / self.exercise.name
        return assembled(solution.read_text("utf-8"), text)

    @property
    def mistake(self) -> str:
        """What is wrong with it, as its first line says."""
        return self.path.read_text("utf-8").splitlines()[0]

    @property
    def meant(self) -> list[str]:
        """The checks that are meant to fail, as its second line says."""
        second = self.path.read_text("utf-8").splitlines()[1]
        assert second.startswith("# fails: "), f"{self.name}: {second}"
        return second.removeprefix("# fails: ").split(", ")


def answers(kind: str) -> list[Answer]:
    """Return the right or the wrong ones of all exercises."""
    found = []
    for exercise in EXERCISES:
        folder = HERE / kind / exercise.name[:4]
        paths = sorted(folder.glob("*.py"))
        found += [Answer(path, exercise) for path in paths]
    return found


def both(folder: str) -> list[Answer]:
    """Return the stubs, or the solutions."""
    return [Answer(ROOT / folder / each.name, each) for each in EXERCISES]


@functools.cache
def pool() -> Pool:
    """Start the processes that the answers are run in."""
    methods = multiprocessing.get_all_start_methods()
    method = "forkserver" if "forkserver" in methods else "spawn"
    context = multiprocessing.get_context(method)
    context.set_forkserver_preload(LOADED)
    found = context.Pool(2, maxtasksperchild=10)
    atexit.register(found.terminate)
    return found


@functools.cache
def runs(exercise: Path) -> dict[Answer, AsyncResult[Outcome]]:
    """Begin to run all answers to an exercise."""
    stubs, solutions = both("exercises"), both("solutions")
    every = [*stubs, *solutions, *answers("right"), *answers("wrong")]
    return {
        each: pool().apply_async(run, (each,))
        for each in every
        if each.exercise == exercise
    }


def outcome(answer: Answer) -> Outcome:
    """Wait for an answer's checks."""
    return runs(answer.exercise)[answer].get(LIMIT)


class Results:
    """A pytest plugin that keeps what became of each check."""

    def __init__(self) -> None:
        self.passed: set[str] = set()
        self.failed: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a failure in any phase; a check passes in its call."""
        name = report.nodeid.rpartition("::")[2]
        if report.failed:
            text = f"{report.when}: {report.longreprtext}"
            self.failed.setdefault(name, text)
        elif report.when == "call":
            self.passed.add(name)


def run(answer: Answer) -> Outcome:
    """Run the checks, in the process that this is called in."""
    os.chdir(ROOT)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    results, said = Results(), io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, answer.exercise.name).write_text(answer.text, "utf-8")
        options = ["-p", "pytest_timeout", "-q", f"--target={folder}"]
        with contextlib.redirect_stdout(said):
            pytest.main([*options, str(answer.checks)], plugins=[results])
    passed = frozenset(results.passed - results.failed.keys())
    assert passed or results.failed, said.getvalue()
    return Outcome(passed, results.failed)
