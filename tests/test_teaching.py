"""What the guide for teachers says is so: its sums, and its mistakes."""

import re
from pathlib import Path

import pytest

from course.notebooks.pairs import read, read_made, sources
from course.reading.cells import Lesson
from tests.servers import ROOT
from tests.test_links import slug

GUIDE = (ROOT / "docs" / "teaching.md").read_text("utf-8")
PLANS = GUIDE.partition("\n## Plans\n")[2].partition("\n## ")[0]
ROW = re.compile(r"^\| (\d+|\*\*\d+\*\*) \| (.+?) \|$", re.MULTILINE)
NOTEBOOK = re.compile(r"\]\(\.\./notebooks/(\w+)\.ipynb\)")
MISTAKE = re.compile(
    r"^\| \[(.+?)\]\(\.\./(tests/checks/wrong/ex\d\d/\w+\.py)\)"
    r" \| (.+?) \| (.+?) \|$",
    re.MULTILINE,
)
ACCIDENT = re.compile(
    r"^\| (.+?) \| \[[^]]+\]\(\.\./notebooks/(\w+)\.ipynb#(\S+)\)"
    r" \| (.+) \|$",
    re.MULTILINE,
)
MINUTES = {
    source.stem: Lesson(source.stem, read(source)).minutes
    for source in sources([])
}


def plans() -> dict[str, list[tuple[str, str]]]:
    """Return the rows of each plan by its heading."""
    parts = re.split(r"^#{3,4} (.+)$", PLANS, flags=re.MULTILINE)[1:]
    named = zip(parts[::2], parts[1::2], strict=True)
    found = {name: ROW.findall(text) for name, text in named}
    return {name: rows for name, rows in found.items() if rows}


@pytest.mark.parametrize(
    ("printed", "path"),
    [
        ("All is in place, and every lesson works", "self_test.py"),
        ("of 5 right", "quiz.py"),
        ("submissions are graded. Open", "classroom/__main__.py"),
    ],
)
def test_what_the_first_table_quotes_is_printed(
    printed: str, path: str
) -> None:
    """A teacher compares the two in the evening before the class."""
    table = GUIDE.partition("\n## Teach tomorrow\n")[2].partition("\n## ")[0]
    assert printed in table
    source = (ROOT / "course" / path).read_text("utf-8")
    assert printed.replace("5", "{len(questions)}") in source


@pytest.mark.parametrize("plan", plans())
def test_the_minutes_of_a_plan_are_those_of_its_notebooks(plan: str) -> None:
    """Each row has its notebook's minutes, and the last one is their sum."""
    *rows, (total, together) = plans()[plan]
    assert together == "together"
    assert int(total.strip("*")) == sum(int(minutes) for minutes, _ in rows)
    for minutes, what in rows:
        for name in NOTEBOOK.findall(what):
            assert int(minutes) == MINUTES[name], name


def test_four_weeks_have_every_notebook() -> None:
    """Each is read in one week, in the class or at home."""
    weeks = PLANS.partition("\n### Four weeks\n")[2]
    assert weeks.count("\n#### Week ") == 4
    read_in_them = NOTEBOOK.findall(weeks)
    assert len(read_in_them) == len(set(read_in_them))
    assert set(MINUTES) == set(read_in_them)


@pytest.mark.parametrize(
    "row", ACCIDENT.findall(GUIDE), ids=lambda row: f"{row[1]} {row[2]}"
)
def test_the_class_sees_what_the_guide_says(row: tuple[str, ...]) -> None:
    """What it quotes stands in an output below the heading it names."""
    _, notebook, heading, seen = row
    lesson = Lesson(
        notebook, read_made(ROOT / "notebooks" / f"{notebook}.ipynb")
    )
    _, *sections = re.split(
        r"^## (?=Break it)", lesson.text, flags=re.MULTILINE
    )
    (section,) = (s for s in sections if slug(s.partition("\n")[0]) == heading)
    for quoted in re.findall(r"`([^`]+)`", seen):
        assert quoted in section


def in_words(check: str) -> str:
    """Say a check's name as a learner reads it."""
    name, _, case = check.rstrip("]").partition("[")
    said = name.removeprefix("test_").replace("_", " ")
    return f"{said}: {case}" if case else said


@pytest.mark.parametrize(
    "row", MISTAKE.findall(GUIDE), ids=lambda row: Path(row[1]).stem
)
def test_a_mistake_is_one_that_the_checks_were_tested_with(
    row: tuple[str, str, str, str],
) -> None:
    """Its words are the answer's own, and the check is one that fails."""
    mistake, path, check, question = row
    first, second, *_ = (ROOT / path).read_text("utf-8").splitlines()
    assert first == f"# {mistake}."
    fails = second.removeprefix("# fails: ").split(", ")
    assert check in map(in_words, fails)
    assert question.endswith("?")


def test_there_are_accidents_of_every_stage() -> None:
    """And each row of the table was looked at."""
    table = GUIDE.partition("\n## Accidents, live\n")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if ".ipynb#" in line]
    found = ACCIDENT.findall(GUIDE)
    assert len(found) == len(rows)
    assert {row[1][:2] for row in found} >= {"01", "02", "03", "04", "05"}


def test_there_are_mistakes_of_most_exercises() -> None:
    """A class meets at least one of them in each; one's own come later."""
    named = {row[1].split("/")[3] for row in MISTAKE.findall(GUIDE)}
    stubs = {file.name[:4] for file in (ROOT / "exercises").glob("ex*.py")}
    assert named <= stubs
    assert len(named) > len(stubs) / 2
