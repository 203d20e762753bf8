"""Test the answers to the questions on many versions of FastAPI and Python.

What happens on each is written to docs/questions.md; an answer that changed
is named, and ends the job with an error. It takes a minute and a half for each
pair; `--fastapi 0.118.0 --python 3.11` runs one, and `--kept` reads them all.
"""

import argparse
import os
import subprocess
import sys
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
FIRST = PYTHONS[0]  # here the wrong ways are tested as right ones, too
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

Made by `python3 start.py questions`: each answer in `questions/` is tested on
each of these versions of FastAPI and on each Python that was found. A cell
says what happened in the test: with the wrong way, and with the right way.
`=` means "as in the column before". "not available" means that the question
needs a newer FastAPI.

"""


@dataclass
class Result:
    """What one FastAPI on one Python answered."""

    fastapi: str
    starlette: str
    python: str
    happened: dict[str, list[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def measure(fastapi: str, python: str, *, swapped: bool) -> None:
    """Run all tests of the questions in one environment; keep the report.

    `swapped` also has the wrong ways tested as if they were right.
    """
    left_out = [] if swapped else [f"--ignore={TESTED}/test_swapped.py"]
    program = environment(
        fastapi, python, *PACKAGES, folder=FOLDER, upgrade=True
    )
    report = report_of(fastapi, python)
    report.unlink(missing_ok=True)
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
    wrong = done.stdout if done.returncode else ""
    print(f"FastAPI {fastapi}, Python {python}: ran\n{wrong}", flush=True)


def report_of(fastapi: str, python: str) -> Path:
    """Say where pytest's report is kept, so that parts can be run alone."""
    return FOLDER / f"{python}-{fastapi}" / "report.xml"


def kept(fastapi: str, python: str) -> Result:
    """Read the report of the last run."""
    report = report_of(fastapi, python)
    if not report.is_file():
        sys.exit(f"Not run yet: --fastapi {fastapi} --python {python}")
    program = environment(fastapi, python, *PACKAGES, folder=FOLDER)
    versions = version(program, "fastapi"), version(program, "starlette")
    result = Result(*versions, python)
    read(report, result)
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
    parser.add_argument(
        "--kept", action="store_true", help="run nothing, read the last runs"
    )
    chosen = parser.parse_args()
    for python in [p for p in chosen.python if not find_python(p)]:
        print(f"Left out: Python {python} was not found on this machine.")
        chosen.python.remove(python)
    if not chosen.kept:
        with ThreadPoolExecutor(max(1, (os.cpu_count() or 2) // 2)) as pool:
            runs = [
                pool.submit(measure, fastapi, python, swapped=python == FIRST)
                for fastapi in chosen.fastapi
                for python in chosen.python
            ]
        for run in runs:
            run.result()
    columns = [
        [kept(fastapi, python) for python in chosen.python]
        for fastapi in chosen.fastapi
    ]
    lines = "\n".join(table(columns))
    print(lines)
    if wrong := complaints(columns):
        sys.exit("\n".join(["", "The answer has changed:", *wrong]))
    if chosen.fastapi == VERSIONS:
        TABLE.write_text(f"{HEAD}{lines}\n", "utf-8")
        print(f"\nWritten: {TABLE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
