"""Slides: cut where the tags say, whole without a network."""

import re
from pathlib import Path

import pytest
from nbformat import v4

from course.lesson import compare
from course.reading import slides
from course.reading.cells import FIGURE, lessons, outputs
from course.reading.deck import (
    BOX,
    HEIGHT,
    SMALLEST,
    cut,
    height,
    without_legend,
)

from .conftest import TOP, Say, dead_links, loaded_from_elsewhere

PICTURE = '<svg viewBox="0 0 640 320" role="img"><title>It</title></svg>'


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the decks of the course."""
    folder = tmp_path_factory.mktemp("slides")
    slides.build(lessons(), folder)
    return folder


def test_each_notebook_has_a_deck_and_all_are_listed(built: Path) -> None:
    """One page leads to all of them."""
    names = {each.name for each in lessons()}
    pages = {page.stem for page in built.glob("*.html")} - {"index"}
    assert {page for page in pages if not page.endswith("-handout")} == names
    text = (built / "index.html").read_text("utf-8")
    assert all(f'href="{name}.html"' in text for name in names)


def test_each_stage_has_a_hand_out(built: Path) -> None:
    """Its idea with a picture, what can go wrong, and what is new."""
    stages = {each.name for each in lessons() if each.name[0].isdigit()}
    found = {page.stem for page in built.glob("*-handout.html")}
    assert found == {f"{name}-handout" for name in stages}
    text = (built / "02_task_dependency-handout.html").read_text("utf-8")
    assert '<figure class="picture"' in text
    assert "what can go wrong" in text
    assert "get_notification_task" in text.split('class="code')[1]


def test_they_need_no_network_and_every_link_leads_somewhere(
    built: Path,
) -> None:
    """From a stick, in a room without any connection."""
    for page in built.glob("*.html"):
        assert loaded_from_elsewhere(page) == []
        assert dead_links(page) == []
    for sheet in built.rglob("*.css"):
        text = sheet.read_text("utf-8")
        assert "@import" not in text
        assert "url(http" not in text


def test_what_is_brought_along_is_no_more_than_needed(built: Path) -> None:
    """reveal.js, its style, the speaker's window, and their licence."""
    assert {file.name for file in (built / "reveal").iterdir()} == {
        "reveal.js",
        "reveal.css",
        "reset.css",
        "notes.js",
        "LICENSE",
    }


LONG = "A sentence that is long enough to fill a line of a slide. " * 12


def test_the_tags_say_where_to_cut(lesson: Say) -> None:
    """To the right, downwards, or further on the same slide."""
    deck = cut(
        lesson(
            ("subslide", f"below: {LONG}"),
            ("slide", "## To the right"),
            ("", "the same"),
            ("fragment", "in a moment"),
            ("skip", "nowhere"),
            top=f"{TOP}\n\n{LONG}",
        )
    )
    assert [len(column) for column in deck.columns] == [2, 1]
    first, below, right = ("".join(each.pieces) for each in deck.slides)
    assert "A title" in first
    assert below.startswith("<p>below")
    assert "<p>the same</p>" in right
    assert '<div class="fragment"><p>in a moment</p></div>' in right
    assert "nowhere" not in first + below + right


def test_short_ideas_share_a_slide(lesson: Say) -> None:
    """None is nearly empty, though a cell's tag would begin another one."""
    deck = cut(lesson(("subslide", "One."), ("subslide", "Two.")))
    assert len(deck.slides) == 1


def test_notes_are_the_speakers(lesson: Say, tmp_path: Path) -> None:
    """They belong to the slide before, and stand on none."""
    deck = cut(lesson(("notes", "Ask *who* waits."), ("slide", "## Next")))
    (notes,) = deck.slides[0].notes
    assert notes == "<p>Ask <em>who</em> waits.</p>"
    assert deck.slides[1].notes == []
    assert not any("waits" in "".join(each.pieces) for each in deck.slides)
    slides.build([deck.lesson], tmp_path)
    page = (tmp_path / "07_made_up.html").read_text("utf-8")
    aside = page.split('<aside class="notes">')[1].split("</aside>")[0]
    assert notes in aside
    assert page.count(notes) == 1


def test_a_full_slide_goes_on_below(lesson: Say) -> None:
    """Long code is cut at a blank line, and nothing of it is lost."""
    block = "\n".join(["print()"] * 14)
    made = lesson(("slide", f">>> {block}\n\n\n{block}\n\n\n{block}"))
    _, column = cut(made).columns
    assert len(column) > 1
    assert "".join(each.pieces[0] for each in column).count("print") == 42
    for slide in column:
        assert '<div class="highlight">' in slide.pieces[0]


def test_code_that_says_nothing_to_a_class_is_omitted(lesson: Say) -> None:
    """Imports, and a call that only shows its output."""
    made = lesson(
        ("slide", "## It"),
        ("", ">>> from this import (\n    that,\n)\n\nprint(that)"),
        ("", ">>> new_in('s02')"),
    )
    (text,) = ("".join(each.pieces) for each in cut(made).columns[1])
    assert "print" in text
    assert "import" not in text
    assert "new_in" not in text


def test_a_high_picture_has_no_legend() -> None:
    """Its rows could not be read from the last row of a room."""
    cells = [cell for each in lessons(["01", "07"]) for cell in each.cells]
    texts = [text for cell in cells for text in outputs(cell)]
    drawn = [text for text in texts if BOX.search(text)]
    cut_off = [text for text in drawn if without_legend(text) != text]
    assert cut_off
    assert len(cut_off) < len(drawn)
    for text in drawn:
        found = BOX.search(without_legend(text))
        assert found
        assert int(found[2]) < HEIGHT


def test_the_answer_to_a_guess_appears_after_a_key(lesson: Say) -> None:
    """Nobody has guessed into the notebook: the class has guessed aloud."""
    made = lesson(("slide", ">>> compare(guess, happened)"))
    shown = compare([], ["response sent", "task began"]).markdown
    made.cells[1].outputs = [
        v4.new_output("display_data", {"text/markdown": shown})
    ]
    _, (slide,) = cut(made).columns
    code, answer = slide.pieces
    assert "compare" in code
    assert answer.startswith('<div class="fragment">')
    assert "response sent" in answer
    assert "What do you think" not in answer


def test_a_picture_stands_beside_its_text(lesson: Say) -> None:
    """If both together would be too high."""
    made = lesson(("slide", f"## It\n\n{LONG[:300]}"), ("", ">>> send(app)"))
    made.cells[2].outputs = [
        v4.new_output("execute_result", {"image/svg+xml": PICTURE})
    ]
    _, (slide,) = cut(made).columns
    assert slide.beside
    assert slide.picture == f"{FIGURE}{PICTURE}</figure>"
    assert "send" in slide.pieces[1]


def test_code_is_never_smaller_than_16_pixels() -> None:
    """What is full is made smaller, but no more than that."""
    style = (slides.HERE / "deck.css").read_text("utf-8")
    script = (slides.HERE / "deck.js").read_text("utf-8")
    (size,) = re.findall(r"\.highlight pre {[^}]*font-size: (\d+)px", style)
    assert f"const SMALLEST = {SMALLEST}\n" in script
    assert int(size) * SMALLEST >= 16


def test_a_picture_is_as_high_as_its_width_lets_it(lesson: Say) -> None:
    """And never higher than a slide."""
    assert lesson().title == "A title"
    assert height(PICTURE) == pytest.approx(592 + 20)
    assert height(PICTURE.replace("320", "640")) < HEIGHT


def test_a_link_leads_to_a_deck_or_is_plain_text(lesson: Say) -> None:
    """The repository is not there where slides are shown."""
    links = "[one](01_first.ipynb), [two](02_b.ipynb), [me](../LICENSE)"
    linked = lesson(("", links))
    (slide,) = cut(linked, ["01_first"]).slides
    assert '<a href="01_first.html">one</a>, two, me' in slide.pieces[1]


def test_a_deck_without_a_time_is_refused(lesson: Say) -> None:
    """Plans are summed from the times at the top."""
    timeless = lesson(top="# A title\n\nText.")
    with pytest.raises(ValueError, match="07_made_up has no line like"):
        _ = timeless.minutes
