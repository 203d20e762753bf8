"""Test the answers to the questions on many versions of FastAPI and Python.

What happens on each is written to docs/questions.md; an answer that changed
is named, and ends the job with an error.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from course.folders import ROOT
from course.labs.environments import TESTS, environment, version
from course.labs.pythons import find_python
from course.questions.found import find

# The oldest that is supported, each at which an answer changes, the newest.
VERSIONS = ["0.118.0", "0.121.0", "0.123.5", "0.163.0", "newest"]
PYTHONS = ["3.11", "3.12", "3.13"]
PACKAGES = [
    *TESTS,
    *("aiosqlite", "celery", "opentelemetry-api", "pydantic-settings"),
    *("sqlalchemy[asyncio]>=2.1", "tenacity"),
    "uvloop; sys_platform != 'win32'",
]
FOLDER = ROOT / ".nox" / "answers"
TESTED = "tests/questions"
TABLE = ROOT / "docs" / "questions.md"
HEAD = """\
# The questions, version by version

Made by the job `questions`: each answer in `questions/` is tested on each of
these versions of FastAPI and on each Python that was found. A cell says what
happened in the test; `=` is the same as in the column before, and "not
available" that the question uses something which came later.

"""


@dataclass
class Result:
    """What one FastAPI on one Python answered."""

    fastapi: str
    starlette: str
    python: str
    happened: dict[str, list[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def measure(fastapi: str, python: str, *, swapped: bool) -> Result:
    """Run all tests of the questions in one environment.

    `swapped` also has the wrong ways tested as if they were right.
    """
    left_out = [] if swapped else [f"--ignore={TESTED}/test_swapped.py"]
    program = environment(fastapi, python, *PACKAGES, folder=FOLDER)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        done = subprocess.run(
            [
                *(program, "-m", "pytest", "-q", "-W", "ignore"),
                *("--confcutdir", TESTED, "-o", "junit_family=xunit1"),
                *(f"--junitxml={report}", *left_out, TESTED),
            ],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        if not report.is_file():
            sys.exit(f"pytest did not run:\n{done.stdout}{done.stderr}")
        versions = version(program, "fastapi"), version(program, "starlette")
        result = Result(*versions, python)
        read(report, result)
    wrong = f", WRONG: {', '.join(result.wrong)}" if result.wrong else ""
    print(f"FastAPI {versions[0]}, Python {python}: ran{wrong}", flush=True)
    if result.wrong:
        print(done.stdout)
    return result


def read(report: Path, result: Result) -> None:
    """Take from pytest's report what happened, question by question."""
    found: dict[str, list[str]] = defaultdict(list)
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 (our own)
        name = str(case.get("classname")).rpartition(".")[2]
        if case.find("failure") is not None or case.find("error") is not None:
            result.wrong.append(f"{name}::{case.get('name')}")
        for each in case.iter("skipped"):
            if "not available" in (message := str(each.get("message"))):
                found[name].append(message)
        for each in case.iter("property"):
            if each.get("name") == "happens":
                found[name].append(str(each.get("value")))
    result.happened = {
        name: list(dict.fromkeys(said)) for name, said in found.items()
    }


def cell(name: str, results: Sequence[Result]) -> str:
    """Say what happened on one FastAPI, once if on all Pythons the same."""
    said = {
        each.python: "; ".join(each.happened.get(name, ["no answer"]))
        for each in results
    }
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    return "<br>".join(f"{python}: {text}" for python, text in said.items())


def table(columns: Sequence[Sequence[Result]]) -> Iterator[str]:
    """Write the results as Markdown, line by line."""
    heads = [
        f"FastAPI {results[0].fastapi}, Starlette {results[0].starlette}"
        for results in columns
    ]
    yield f"| question | {' | '.join(heads)} |"
    yield "|---" * (len(columns) + 1) + "|"
    changed = []
    for question in find():
        cells = [cell(f"test_q{question.number:02}", c) for c in columns]
        same = [a == b for a, b in pairwise(cells)]
        shown = ["=" if s else c for s, c in zip(same, cells[1:], strict=True)]
        changed += [f"{question.number}. {question.title}"] * (False in same)
        link = f"[{question.title}](../{question.path.relative_to(ROOT)})"
        row = " | ".join([f"{question.number}. {link}", cells[0], *shown])
        yield f"| {row} |"
    yield ""
    yield "Pythons: " + ", ".join(each.python for each in columns[0]) + "."
    if changed:
        yield "\nThe answer depends on the version:\n"
        yield from (f"- {title}" for title in changed)


def complaints(columns: Sequence[Sequence[Result]]) -> list[str]:
    """Name each answer that is no longer what its file says."""
    return [
        f"FastAPI {result.fastapi}, Python {result.python}: {test}"
        for results in columns
        for result in results
        for test in result.wrong
    ]


def main() -> None:
    """Test, print the table, and write it where docs look for it."""
    parser = argparse.ArgumentParser("questions", description=__doc__)
    parser.add_argument("--fastapi", nargs="+", default=VERSIONS)
    parser.add_argument("--python", nargs="+", default=[*PYTHONS])
    chosen = parser.parse_args()
    for python in [p for p in chosen.python if not find_python(p)]:
        print(f"Left out: Python {python} was not found on this machine.")
        chosen.python.remove(python)
    pairs = [(f, p) for f in chosen.fastapi for p in chosen.python]
    first = chosen.python[0]  # once for each FastAPI is enough
    with ThreadPoolExecutor(max(1, (os.cpu_count() or 2) // 2)) as pool:
        runs = [
            pool.submit(measure, fastapi, python, swapped=python == first)
            for fastapi, python in pairs
        ]
        results = [run.result() for run in runs]
    count = len(chosen.python)
    columns = [results[n : n + count] for n in range(0, len(results), count)]
    lines = "\n".join(table(columns))
    print(lines)
    if wrong := complaints(columns):
        sys.exit("\n".join(["", "The answer has changed:", *wrong]))
    if chosen.fastapi == VERSIONS:
        TABLE.write_text(f"{HEAD}{lines}\n", "utf-8")
        print(f"\nWritten: {TABLE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
