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

from course.classroom.work import dump, write

SHAKY = 0.6  # of an exercise's points: below, it is worth another lesson
FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r]")
NOTEBOOK = re.compile(r"^Notebook: (\S+)", re.MULTILINE)
BARS = 10
OFTEN = 12  # checks in the list of those that fail most
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
    results: list[dict[str, Any]]
    notes: list[str]  # on what was handed in
    copies: list[str]  # for the instructor alone
    shown: str  # the name on the pages, or what stands for it

    def __post_init__(self) -> None:
        self.points = sum(float(each["points"]) for each in self.results)
        self.of = sum(float(each["max_points"]) for each in self.results)
        states = {each["state"] for each in self.results}
        self.unjudged = "unjudged" in states
        nothing = states == {"missing"}
        self.odd = self.copies + (self.notes if nothing else [])

    @property
    def data(self) -> dict[str, Any]:
        """All that is known of it."""
        return {
            "student": self.name,
            "number": self.number,
            "late": self.late,
            "points": self.points,
            "of": self.of,
            "notes": self.notes + self.copies,
            "exercises": self.results,
        }

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
    return str(check["name"]).removeprefix("test_").replace("_", " ")


PAGES.filters |= {"number": number, "words": words}


def table(*rows: list[Any]) -> str:
    """Write CSV; no text of a student's becomes a formula."""

    def cell(value: Any) -> str:
        if isinstance(value, float):
            return number(value)
        return "'" + value if FORMULA.match(value) else str(value)

    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerows([[cell(value) for value in row] for row in rows])
    return text.getvalue()


def write_all(out: Path, rows: list[Row], stubs: Path) -> None:
    """Write every file, the same for the same results."""
    names = [each["name"] for each in rows[0].results]
    book: list[list[Any]] = [["Student", "Number", "Late"]]
    book[0] += [*(name[:4] for name in names), "Points", "Of"]
    book[0] += ["On the pages", "Look at"]
    moodle: list[list[Any]] = [["Identifier", "Full name", "Grade"]]
    moodle[0] += ["Last modified (grade)"]
    canvas: list[list[Any]] = [["Student", "ID", "SIS User ID"]]
    canvas[0] += ["SIS Login ID", "Section", "Exercises"]
    canvas += [["    Points Possible", "", "", "", "", rows[0].of]]
    files = {}
    for row in rows:
        points = [float(each["points"]) for each in row.results]
        late, notes = (
            "late" if row.late else "",
            " ".join(row.notes + row.copies),
        )
        book += [[row.name, row.number, late, *points, row.points, row.of]]
        book[-1] += [row.shown, notes]
        moodle += [[f"Participant {row.number}", row.name, row.points, ""]]
        canvas += [[row.name, row.number, "", "", "", row.points]]
        page = PAGES.get_template("student.html").render(row=row)
        files[f"students/{row.page}.html"] = page
        files[f"gradescope/{row.page}/results.json"] = dump(_gradescope(row))
    files["gradebook.csv"] = table(*book)
    files["moodle.csv"], files["canvas.csv"] = table(*moodle), table(*canvas)
    files["grades.json"] = dump([row.data for row in rows])
    whole = {"rows": rows, "names": names, **overview(rows, stubs)}
    files["index.html"] = PAGES.get_template("class.html").render(whole)
    for name, text in files.items():
        write(out / name, text)
    for old in [*out.glob("students/*.html"), *out.glob("gradescope/*/*")]:
        if old.relative_to(out).as_posix() not in files:
            old.unlink()


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


def overview(rows: list[Row], stubs: Path) -> dict[str, Any]:
    """Count what the page of the class shows."""
    shares = [row.points / (row.of or 1) for row in rows]
    bars = Counter(min(int(share * BARS), BARS - 1) for share in shares)
    exercises, fails = [], Counter[tuple[str, str, str]]()
    for results in zip(*(row.results for row in rows), strict=True):
        title, worth = results[0]["title"], float(results[0]["max_points"])
        given = [each for each in results if each["state"] != "missing"]
        points = sum(float(each["points"]) for each in given)
        stub = stubs / f"{results[0]['name']}.py"
        text = stub.read_text("utf-8") if stub.is_file() else ""
        exercises.append(
            {
                "title": title,
                "given": len(given),
                "right": sum(each["state"] == "right" for each in given),
                "share": points / (worth * len(given) or 1),
                "notebook": "".join(NOTEBOOK.findall(text)[:1]),
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
