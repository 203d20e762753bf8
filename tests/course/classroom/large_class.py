"""A large made class in a known mix: python -m …large_class 200 FOLDER.

It is killed three times in between, and its gradebook has to be exact.
"""

import csv
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from course.classroom.sandbox import memory
from tests.checks.bank import SUITES, answers, graded, grader, own
from tests.servers import ROOT

MIX = {"solutions": 35, "right": 15, "wrong": 20, "exercises": 10, "": 20}
Texts = dict[tuple[str, str], str]  # by the exercise and the kind


def texts() -> Texts:
    """Choose an answer of each kind to each exercise."""
    found: Texts = {}
    for kind in ("right", "wrong", "solutions", "exercises"):
        given = answers(kind) if kind in {"right", "wrong"} else own(kind)
        for answer in given:
            found.setdefault((answer.suite.name, kind), answer.text)
    return found


def worth(given: Texts) -> dict[tuple[str, str], float]:
    """Grade each of them once, outside of a sandbox."""
    suites = {suite.name: suite for suite in SUITES}
    jobs = [(suites[name], text) for (name, _), text in given.items()]
    with tempfile.TemporaryDirectory() as folder, grader() as with_:
        results = graded(with_, jobs, Path(folder))
    points = [each.points for each in results]
    return dict(zip(given, points, strict=True))


def hand_in(number: int, folder: Path) -> dict[str, list[float]]:
    """Write the submissions; return the points that each has to get."""
    given, mixed = texts(), random.Random(15)  # noqa: S311 (the same mix)
    points = worth(given)
    expected: dict[str, list[float]] = {}
    for place in range(number):
        name = f"Student {place:03}"
        room = folder / f"{name}_{place}_assignsubmission_file_"
        room.mkdir(parents=True, exist_ok=True)
        (room / "notes.txt").touch()
        row = expected[name] = []
        for suite in SUITES:
            (kind,) = mixed.choices([*MIX], [*MIX.values()])
            key = (suite.name, kind)
            row.append(points.get(key, 0))
            if kind:
                text = f"{given[key]}\n# {name}\n"
                (room / suite.answer.name).write_text(text, "utf-8")
    return expected


def grade(submissions: Path, out: Path, until: int | None) -> int:
    """Grade until there are so many results; return the most memory held."""
    command = [sys.executable, "-m", "course.classroom", str(submissions)]
    most = 0
    with subprocess.Popen([*command, f"--out={out}"], cwd=ROOT) as process:
        while process.poll() is None:
            most = max(most, memory(process.pid))
            if until and len([*out.glob("graded/*.json")]) >= until:
                process.kill()
            time.sleep(0.5)
    assert until or not process.returncode
    return most


def main(number: int, folder: Path) -> None:
    """Hand in, grade, kill, grade on; compare."""
    expected = hand_in(number, folder / "class")
    began, out = time.monotonic(), folder / "grades"
    parts = [number // 4, number // 2, 3 * number // 4, None]
    most = max(grade(folder / "class", out, until) for until in parts)
    minutes = (time.monotonic() - began) / 60
    with (out / "gradebook.csv").open(newline="") as opened:
        book = {row[0]: row[3:-4] for row in csv.reader(opened)}
    for name, points in expected.items():
        found = [float(cell) for cell in book[name]]
        assert found == points, f"{name}: {found}, not {points}"
    said = f"{number} are exact: {minutes:.1f} minutes, {most >> 20} MB"
    print(said)  # noqa: T201 (a command)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]).resolve())
