"""What is written: tables for each platform, and pages for people."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from course.classroom.report import Row, table, write_all


def result(name: str, **more: Any) -> dict[str, Any]:
    """Make the result of an exercise with two checks."""
    checks = [
        {
            "name": f"test_{word}",
            "state": state,
            "points": points,
            "max_points": 2,
            "promise": "It <greets>.",
            "message": "no & no: `<call>`",
            **dict.fromkeys(["fault", "did", "expected", "got"], ""),
            **dict.fromkeys(["order", "place", "code", "why"], ""),
        }
        for word, state, points in [("a", "right", 2), ("b", "wrong", 0)]
    ]
    whole = {"name": name, "title": f"{name} · Title", "state": "wrong"}
    numbers = {"points": 2, "max_points": 4, "checks": checks, "message": ""}
    return whole | numbers | more


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Write the report of three students."""
    missing = {"state": "missing", "points": 0, "checks": []}
    rows = [
        Row(name, number, late, results, notes, ["+copy"], name)
        for name, number, late, results, notes in [
            ("Ada", "7", False, [result("ex01_x"), result("ex02_y")], []),
            (
                "=HYPERLINK(1)<b>",
                "8",
                True,
                [result("ex01_x"), result("ex02_y", **missing)],
                ["+note"],
            ),
            (
                "Ada",
                "9",
                False,
                [result("ex01_x"), result("ex02_y", state="unjudged")],
                [],
            ),
        ]
    ]
    write_all(tmp_path / "grades", rows)
    return tmp_path / "grades"


def test_a_name_is_no_formula(out: Path) -> None:
    """A spreadsheet takes each as text, in every table."""
    for name in ("gradebook", "moodle", "canvas"):
        with (out / f"{name}.csv").open(newline="") as opened:
            cells = [cell for row in csv.reader(opened) for cell in row]
        assert "'=HYPERLINK(1)<b>" in cells
        assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t=", " =", "＝", "\r"])
def test_every_sign_of_a_formula_is_guarded(sign: str) -> None:
    """Blanks before it do not help."""
    assert table([f"{sign}1+1"]).strip('"')[:1] == "'"
    assert table(["a=b", -1.5]) == "a=b,-1.5\n"


def test_each_platform_finds_its_columns(out: Path) -> None:
    """Named as its import asks for."""
    assert (out / "moodle.csv").read_text().splitlines()[:2] == [
        "Identifier,Full name,Grade,Last modified (grade)",
        "Participant 7,Ada,4,",
    ]
    assert (out / "canvas.csv").read_text().splitlines()[:3] == [
        "Student,ID,SIS User ID,SIS Login ID,Section,Exercises",
        "    Points Possible,,,,,8",
        "Ada,7,,,,4",
    ]
    for path in out.glob("gradescope/*/results.json"):
        told = json.loads(path.read_text())
        assert told["score"] == sum(test["score"] for test in told["tests"])
    assert len([*out.glob("gradescope/*")]) == 3


def test_pages_show_what_students_wrote_as_text(out: Path) -> None:
    """Two of one name have a page each."""
    pages = [path.read_text() for path in out.glob("students/*.html")]
    assert len(pages) == 3
    assert sum(">=HYPERLINK(1)&lt;b&gt;</bdi></h1>" in p for p in pages) == 1
    assert all("It &lt;greets&gt;." in page for page in pages)
    assert all("<code>&lt;call&gt;</code>" in page for page in pages)
    assert sum("Grade it again, or by hand." in page for page in pages) == 1


def test_the_class_page_counts(out: Path) -> None:
    """Which check fails most, what to teach again, and who is late."""
    text = (out / "index.html").read_text()
    assert "On average 3.3 of 8 points; median 4.0." in text
    assert "ex02_y · Title: 50 %" in text
    assert (
        '<td class="n">3</td><td>b <span class="soft">in ex01_x · Title'
        in text
    )
    assert text.count(">late<") == 1
