"""Write what the grading says: tables, JSON, and pages to read."""

import csv
import hashlib
import io
import re
import statistics
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from course.classroom.sandbox import Result
from course.classroom.work import dump, write
from course.grader.exercises import original
from course.grader.result import Check

SHAKY = 0.6  # of an exercise's points: below, it is worth another lesson
FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r]")
NOTEBOOK = re.compile(r"^Notebook: (\S+)", re.MULTILINE)
BARS = 10
OFTEN = 12  # checks in the list of those that fail most
GRADEBOOK = "Student,Number,Late,{},Points,Of,On the pages,Look at\n"
MOODLE = "Identifier,Full name,Grade,Last modified (grade)\n"
CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Exercises
    Points Possible,,,,,{}
"""
PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass
class Row:
    """One student, with the results in the order of the exercises."""

    name: str
    number: str
    late: bool
    results: list[Result]
    notes: list[str]  # on what was handed in
    copies: list[str]  # for the instructor alone
    shown: str  # the name on the pages, or what stands for it

    def __post_init__(self) -> None:
        self.points = sum(float(each["points"]) for each in self.results)
        self.of = sum(float(each["max_points"]) for each in self.results)
        states = {each["state"] for each in self.results}
        self.unjudged = "unjudged" in states
        self.odd = self.copies + (self.notes if states == {"missing"} else [])

    @property
    def page(self) -> str:
        """The name of its page, which any disk can hold."""
        words = re.sub(r"[^a-z0-9]+", "-", self.shown.lower()).strip("-")[:40]
        number = self.number if self.shown == self.name else ""
        exact = hashlib.sha256(dump([self.shown, number]).encode())
        return f"{words}-{exact.hexdigest()[:6]}"


def number(value: float) -> str:
    """Write points as people do."""
    return f"{value:.10g}"


def words(check: dict[str, Any]) -> str:
    """Write a check's name as words."""
    return Check(check["name"], "right").title


def code(text: str) -> Markup:
    """Show what stands between backticks as code."""
    shown = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    return Markup(shown)  # noqa: S704 (escaped above)


PAGES.filters |= {"number": number, "words": words, "code": code}


def write_all(out: Path, rows: list[Row]) -> None:
    """Write every file, the same for the same results."""
    exercises = ",".join(each["name"][:4] for each in rows[0].results)
    files = {
        "index.html": page("class", rows=rows, **overview(rows)),
        "grades.json": dump([_data(row) for row in rows]),
        "gradebook.csv": GRADEBOOK.format(exercises)
        + table(*map(_in_gradebook, rows)),
        "moodle.csv": MOODLE
        + table(
            *([f"Participant {r.number}", r.name, r.points, ""] for r in rows)
        ),
        "canvas.csv": CANVAS.format(number(rows[0].of))
        + table(*([r.name, r.number, "", "", "", r.points] for r in rows)),
    }
    for row in rows:
        files[f"students/{row.page}.html"] = page("student", row=row)
        files[f"gradescope/{row.page}/results.json"] = dump(_gradescope(row))
    for name, text in files.items():
        write(out / name, text)
    for old in [*out.glob("students/*.html"), *out.glob("gradescope/*/*")]:
        if old.relative_to(out).as_posix() not in files:
            old.unlink()


def page(name: str, **data: Any) -> str:
    """Fill a template."""
    return PAGES.get_template(f"{name}.html").render(data)


def table(*rows: list[Any]) -> str:
    """Write CSV; no text of a student's becomes a formula."""

    def cell(value: Any) -> str:
        if isinstance(value, float):
            return number(value)
        return "'" + value if FORMULA.match(value) else str(value)

    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerows([map(cell, row) for row in rows])
    return text.getvalue()


def _in_gradebook(row: Row) -> list[Any]:
    points = [float(each["points"]) for each in row.results]
    late, notes = "late" if row.late else "", " ".join(row.notes + row.copies)
    who = [row.name, row.number, late]
    return [*who, *points, row.points, row.of, row.shown, notes]


def _data(row: Row) -> dict[str, Any]:
    data = {"student": row.name, "number": row.number, "late": row.late}
    data |= {"points": row.points, "of": row.of, "exercises": row.results}
    return {**data, "notes": row.notes + row.copies}


def _gradescope(row: Row) -> dict[str, Any]:
    tests = [
        {
            "name": f"{result['title']}: {words(check)}",
            "score": check["points"],
            "max_score": check["max_points"],
            "status": "passed" if check["state"] == "right" else "failed",
            "output": check["message"],
            "output_format": "text",
        }
        for result in row.results
        for check in result["checks"]
    ]
    return {"score": row.points, "tests": tests}


def overview(rows: list[Row]) -> dict[str, Any]:
    """Count what the page of the class shows."""
    shares = [row.points / (row.of or 1) for row in rows]
    bars = Counter(min(int(share * BARS), BARS - 1) for share in shares)
    exercises, fails = [], Counter[tuple[str, str, str]]()
    for results in zip(*(row.results for row in rows), strict=True):
        name, title = results[0]["name"], results[0]["title"]
        given = [each for each in results if each["state"] != "missing"]
        worth = sum(float(each["max_points"]) for each in given)
        points = sum(float(each["points"]) for each in given)
        stub = original(name).decode()
        exercises.append(
            {
                "name": name,
                "title": title,
                "given": len(given),
                "right": sum(each["state"] == "right" for each in given),
                "share": points / (worth or 1),
                "notebook": "".join(NOTEBOOK.findall(stub)[:1]),
            }
        )
        for check in (check for each in given for check in each["checks"]):
            if check["state"] in {"wrong", "not run"}:
                fails[title, words(check), check["promise"]] += 1
    shaky = [each for each in exercises if each["given"]]
    shaky = [each for each in shaky if each["share"] < SHAKY]
    often = sorted(fails.items(), key=lambda each: (-each[1], each[0]))
    return {
        "bars": [bars[i] for i in range(BARS)],
        "mean": statistics.fmean(row.points for row in rows),
        "median": statistics.median(row.points for row in rows),
        "exercises": exercises,
        "shaky": sorted(shaky, key=lambda each: each["share"]),
        "fails": often[:OFTEN],
    }
