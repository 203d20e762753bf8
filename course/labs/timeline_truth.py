"""Run the recorder's tests on many versions of FastAPI and Python."""

import argparse
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from course.folders import ROOT
from course.labs.environments import TESTS, environment, version
from course.labs.pythons import find_python
from course.labs.sections import put

VERSIONS = [
    *("0.105.0", "0.106.0", "0.112.0", "0.115.0"),
    *("0.117.1", "0.118.0", "0.121.0", "newest"),
]
PYTHONS = ["3.11", "3.12", "3.13"]
CASES = "test_truth"
TABLE = ROOT / "docs" / "timeline-truth.md"
HEAD = """\
# Where the recorded order is right

Made by the job `truth`. Each case is an application that writes a log of its
own; "91 of 91" says that the recorded order, threads included, was the logged
one in all cases that this FastAPI can run (older ones have no function scope
and no server-sent events, the oldest no middleware of a single route). What
follows "+" are the recorder's other tests.

"""


class Result(NamedTuple):
    """What one combination came to."""

    fastapi: str
    right: int
    cases: int
    others: int
    wrong: list[str]

    def __str__(self) -> str:
        return f"{self.right} of {self.cases} + {self.others}"


def measure(fastapi: str, python: str) -> Result:
    """Run all tests of the recorder in one environment."""
    program = environment(fastapi, python, *TESTS)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        done = subprocess.run(
            [
                *(program, "-m", "pytest", "-q", "-W", "ignore"),
                *("--confcutdir", "tests/fastapi_timeline"),
                *(f"--junitxml={report}", "tests/fastapi_timeline"),
                "--ignore=tests/fastapi_timeline/test_command_line.py",
                "--ignore=tests/fastapi_timeline/across/test_engines.py",
            ],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        if not report.is_file():
            sys.exit(f"pytest did not run:\n{done.stdout}{done.stderr}")
        tests = list(ET.parse(report).iter("testcase"))  # noqa: S314
    ran = [t for t in tests if t.find("skipped") is None]
    wrong = [t for t in ran if len(t) and t[0].tag in {"failure", "error"}]
    cases = [t for t in ran if CASES in t.attrib["classname"]]
    right = [t for t in cases if t not in wrong]
    others = len(ran) - len(wrong) - len(right)
    names = [t.attrib["name"] for t in wrong]
    found = version(program, "fastapi")
    result = Result(found, len(right), len(cases), others, names)
    print(f"FastAPI {found}, Python {python}: {result}", flush=True)
    return result


def table(results: list[list[Result]], pythons: list[str]) -> Iterator[str]:
    """Write the results as Markdown, line by line."""
    yield f"| FastAPI | {' | '.join(f'Python {p}' for p in pythons)} |"
    yield "|---" * (len(pythons) + 1) + "|"
    for row in results:
        yield f"| {row[0].fastapi} | {' | '.join(map(str, row))} |"
    for row in results:
        for python, result in zip(pythons, row, strict=True):
            if result.wrong:
                names = ", ".join(result.wrong)
                yield f"\nWrong on {result.fastapi}, {python}: {names}"


def main() -> None:
    """Measure, print the table, and write it where docs look for it."""
    parser = argparse.ArgumentParser("timeline_truth", description=__doc__)
    parser.add_argument("--fastapi", nargs="+", default=VERSIONS)
    parser.add_argument("--python", nargs="+", default=[*PYTHONS])
    chosen = parser.parse_args()
    for python in [p for p in chosen.python if not find_python(p)]:
        print(f"Left out: Python {python} was not found on this machine.")
        chosen.python.remove(python)
    pairs = [(f, p) for f in chosen.fastapi for p in chosen.python]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda pair: measure(*pair), pairs))
    count = len(chosen.python)
    rows = [found[n : n + count] for n in range(0, len(found), count)]
    lines = "\n".join(table(rows, chosen.python))
    print(lines)
    if (chosen.fastapi, chosen.python) == (VERSIONS, PYTHONS):
        put(TABLE, "", f"{HEAD}{lines}\n")
        print(f"\nWritten: {TABLE.relative_to(ROOT)}")
    if any(result.wrong for result in found):
        sys.exit(1)


if __name__ == "__main__":
    main()
