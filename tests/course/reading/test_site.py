"""The reading version: every page, every link, and nothing from outside."""

import json
import os
import re
from pathlib import Path

import pytest

from course.grader.hints import hints
from course.reading import site
from course.reading.look import dark_pictures
from fastapi_timeline.drawing import THEMES
from tests.servers import ROOT

from .conftest import dead_links, loaded_from_elsewhere


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build it; a warning of MkDocs would be an error."""
    folder = tmp_path_factory.mktemp("site") / "site"
    site.build(folder)
    return folder


def page(built: Path, path: str) -> str:
    """Return a page's text, without its tags."""
    return re.sub(r"<[^>]*>", "", (built / path).read_text("utf-8"))


def test_everything_there_is_to_read_has_a_page(built: Path) -> None:
    """Notebooks, stages, exercises, the guide for teachers."""
    for room, pattern in (
        ("notebooks", "*.ipynb"),
        ("stages", "s[0-9]*"),
        ("exercises", "ex*.py"),
        ("questions", "q[0-9]*.py"),
        ("docs", "*.md"),
    ):
        made = {file.stem for file in (built / room).glob("*.html")}
        assert made == {file.stem for file in (ROOT / room).glob(pattern)}


def test_it_needs_no_network_and_every_link_leads_somewhere(
    built: Path,
) -> None:
    """No font, no script and no picture comes from anywhere else."""
    for file in built.rglob("*.html"):
        if file.name != "404.html":
            assert loaded_from_elsewhere(file) == []
            assert dead_links(file) == []
    for sheet in built.rglob("*.css"):
        assert not re.search(r"url\(['\"]?https?:", sheet.read_text("utf-8"))


def test_the_search_is_a_script_that_a_page_may_load(built: Path) -> None:
    """From disk a page may read no file, and start no worker."""
    index = (built / "search" / "search_index.js").read_text("utf-8")
    known = json.loads(index.removeprefix("var __index = "))
    places = {entry["location"].partition("#")[0] for entry in known["docs"]}
    assert "exercises/ex08_rate_limit.html" in places
    assert "questions/q40_task_rolls_back.html" in places
    assert "docs/choosing.html" in places
    assert "notebooks/01_background_tasks.html" in places
    assert not any("<svg" in entry["text"] for entry in known["docs"])
    start = (built / "index.html").read_text("utf-8")
    assert 'src="assets/iframe-worker.js"' in start


def test_links_between_rooms_lead_from_page_to_page(built: Path) -> None:
    """As they do in the repository."""
    text = (built / "notebooks" / "02_task_dependency.html").read_text("utf-8")
    for link in (
        "../stages/s02_task_dependency.html",
        "../exercises/ex02_task_dependency.html",
        "03_chained_dependencies.html",
    ):
        assert f'href="{link}"' in text
    assert 'href="stages/s01_background_tasks.html"' in (
        built / "index.html"
    ).read_text("utf-8")


def test_a_notebook_shows_code_output_and_picture(built: Path) -> None:
    """As it was run; what only a speaker sees is left out."""
    text = (built / "notebooks" / "02_task_dependency.html").read_text("utf-8")
    assert 'class="picture"' in text
    assert 'class="output"' in text
    assert "provider called: False" in page(
        built, "notebooks/02_task_dependency.html"
    )
    assert "Point at the column" not in text


def test_an_answer_is_folded_until_it_is_guessed(built: Path) -> None:
    """What a reader should predict stands below a line to open."""
    text = (built / "notebooks" / "01_background_tasks.html").read_text(
        "utf-8"
    )
    folded = re.findall(r"<details.*?</details>", text, re.DOTALL)
    assert any('class="picture"' in each for each in folded)
    assert any("write_notification began" in each for each in folded)


def test_an_exercise_says_what_its_stub_says(built: Path) -> None:
    """Its sections, its names as a table, and hints that are folded."""
    path = "exercises/ex08_rate_limit.html"
    html, text = (built / path).read_text("utf-8"), page(built, path)
    assert "Exercise 8 · A token bucket decides who gets a task" in text
    for section in ("Story", "Build", "Names that the checks use", "Hints"):
        assert re.search(rf"<h2[^>]*>{section}", html)
    folded = hints(ROOT / "exercises" / "hints", "ex08_rate_limit")
    assert html.count("<details") == len(folded)
    assert "<code>__init__</code>" in html
    assert "<code>get_clock</code></td>" in html
    assert "<td>returns a function that returns seconds (ready)</td>" in html
    assert "a full bucket allows a burst" in text
    assert "raise NotImplementedError" in text
    assert "<code>python3 start.py try 8</code>" in html


def test_no_solution_is_on_a_page(built: Path) -> None:
    """Who reads is not told more than who works with the stubs."""
    assert not (built / "solutions").exists()
    for room, _, files in os.walk(built):
        for file in files:
            assert "solution" not in Path(room, file).name


def test_a_documents_picture_is_drawn_in_its_page(built: Path) -> None:
    """It gets dark with the page, whatever the system's theme is."""
    for path in ("index.html", "docs/choosing.html"):
        text = (built / path).read_text("utf-8")
        assert '<figure class="picture"' in text
        assert "<picture>" not in text


def test_pictures_are_dark_on_dark_pages() -> None:
    """Each colour of a light picture has its dark one."""
    style = dark_pictures("")
    for name, colour in THEMES["light"].items():
        assert f'[fill="{colour}"] {{ fill: {THEMES["dark"][name]} }}' in style
    assert len(set(THEMES["light"].values())) == len(THEMES["light"])
