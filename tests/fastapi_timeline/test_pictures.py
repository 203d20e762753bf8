"""The faces of a recording: words, terminal and SVG say the same."""

import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any, cast

import pytest
from rich.console import Console

from fastapi_timeline import (
    Event,
    Lane,
    Recording,
    compare,
    differences,
    sentence,
    show,
    stacked,
    svg,
    terminal,
)
from fastapi_timeline.drawing import MONO, THEMES, WIDE
from fastapi_timeline.picture import LEFT, WIDTH
from fastapi_timeline.words import milliseconds
from tests.fastapi_timeline.examples import (
    BORROWED,
    FAILING,
    LEFT_FIRST,
    SURROUNDED,
    made,
)

ALL = [BORROWED, LEFT_FIRST, FAILING, SURROUNDED]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("nanoseconds", "said"),
    [
        (4_900, "<0.01 ms"),
        (70_000, "0.07 ms"),
        (1_240_000, "1.2 ms"),
        (126_400_000, "126 ms"),
        (2_500_000_000, "2.5 s"),
    ],
)
def test_a_time_has_two_figures_that_matter(
    nanoseconds: int, said: str
) -> None:
    """More would be noise: the next request takes another time."""
    assert milliseconds(nanoseconds) == said


def test_the_words_say_whose_error_it_was() -> None:
    """Raised by the task; the dependency was only left with it."""
    words = sentence(FAILING)
    name = "VeryLongNamedConnectionRefusedError"
    assert f"raised {name} → get_db left with {name}" in words
    assert words.endswith(f"error reached the server: {name}")


@pytest.mark.parametrize("recording", ALL)
def test_the_terminal_picture_fits_80_columns(recording: Recording) -> None:
    """However long the names are; and none of them is lost."""
    text = terminal(recording)
    assert max(map(len, text.splitlines())) < 80
    together = " ".join(text.split())
    for said in recording.order:
        assert " ".join(said.split()) in together
    for event in recording.events:
        shown = event.note[:60] if event.what == "logged" else event.note
        assert shown.lstrip("↑") in together


@pytest.mark.parametrize("recording", ALL)
def test_without_colours_every_sign_is_still_there(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO_COLOR: no colour code reaches the terminal."""
    monkeypatch.setenv("NO_COLOR", "1")
    out = io.StringIO()
    show(recording, Console(file=out, force_terminal=True, width=80))
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", out.getvalue())
    shown = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())
    assert [line.rstrip() for line in shown.splitlines()] == (
        terminal(recording).splitlines()
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("recording", ALL)
def test_the_svg_says_the_order_in_words(
    recording: Recording, theme: str
) -> None:
    """A screen reader reads out what others see."""
    root = ET.fromstring(svg(recording, theme))  # noqa: S314 (our own)
    title, desc = root[0], root[1]
    assert title.text
    assert recording.path in title.text
    assert desc.text
    assert sentence(recording) in desc.text
    ids = f"{title.attrib['id']} {desc.attrib['id']}"
    assert root.attrib["aria-labelledby"] == ids
    assert "style" not in svg(recording, theme)


def test_no_two_pictures_of_a_page_share_an_id() -> None:
    """Both themes of many recordings stand in one HTML document."""
    pictures = [svg(r, t) for r in ALL for t in ("light", "dark")]
    ids = re.findall(r'\bid="(\w+)"', "".join(pictures))
    assert len(ids) == len(set(ids)) == 4 * len(ALL)


@pytest.mark.parametrize("recording", ALL)
def test_no_text_of_the_svg_lies_on_another(recording: Recording) -> None:
    """Measured with the widest letters that the fonts have."""
    root = ET.fromstring(svg(recording, note="FastAPI 0.117.1"))  # noqa: S314
    boxes = []
    for text in root.iter(f"{SVG}text"):
        look, words = text.attrib, text.text or ""
        size = float(look["font-size"])
        mono = look["font-family"] == MONO
        length = len(words) * size * (WIDE[MONO] if mono else 0.55)
        x, y = float(look["x"]), float(look["y"])
        anchor = look.get("text-anchor", "start")
        x -= {"start": 0, "middle": length / 2, "end": length}[anchor]
        assert x >= 0, words
        assert x + length <= WIDTH, words
        boxes.append((x, x + length, y - size * 0.75, y, words))
    for number, one in enumerate(boxes):
        for two in boxes[number + 1 :]:
            apart = one[1] <= two[0] or two[1] <= one[0]
            assert apart or one[3] <= two[2] or two[3] <= one[2], (one, two)


def wide(count: int, name: str, **happened: tuple[str, ...]) -> Recording:
    """Make one of many lanes of a kind: each has the same moments."""
    ((kind, events),) = happened.items()
    lane = Lane(cast("Any", kind), name, "def", "app.py:1")
    moments = [
        Event(n * 100_000 + at * 80_000, what, n, "thread 1")
        for n in range(count)
        for at, what in enumerate(events)
    ]
    return Recording("GET", "/", (lane,) * count, tuple(moments))


@pytest.mark.parametrize("length", range(5, 120))
def test_a_name_stays_in_its_column_and_whole_in_the_tooltip(
    length: int,
) -> None:
    """Whatever its length, at the size in which it is drawn."""
    name = "get_current_active_superuser_of_the_whole_organisation_" * 3
    name = name[: length - 1] + "z"
    root = ET.fromstring(svg(wide(1, name, task=("began", "ended"))))  # noqa: S314
    lines = [
        text
        for text in root.iter(f"{SVG}text")
        if text.attrib["font-family"] == MONO
    ]
    for line in lines:
        size = float(line.attrib["font-size"])
        shown = line.text or ""
        assert float(line.attrib["x"]) + len(shown) * size * 0.605 <= LEFT
    written = [line.text or "" for line in lines if line.text != "framework"]
    assert written[0][:4] == name[:4]
    assert written[-1][-1] == "z"  # shortened in the middle, not at its end
    assert any(name in (t.text or "") for t in root.iter(f"{SVG}title"))
    assert max(map(len, terminal(BORROWED).splitlines())) < 80


def test_many_equal_rows_are_one() -> None:
    """With their number, and with how long they took together."""
    many = wide(120, "send_mail", task=("began", "ended"))
    assert svg(many).count("<g>") == 1
    assert ">×120<" in svg(many)
    assert ">9.6 ms in all<" in svg(many)
    assert "send_mail ×120" in terminal(many)
    assert "send_mail began → send_mail ended (×120)" in terminal(many)
    assert svg(wide(3, "send_mail", task=("began", "ended"))).count("<g>") == 3


def test_an_error_is_not_folded_into_what_went_well() -> None:
    """Many were fine; the one that failed has a row of its own."""
    fine = wide(6, "send_mail", task=("began", "ended"))
    events = [
        replace(e, what="raised", note="OSError")
        if (e.lane, e.what) == (3, "ended")
        else e
        for e in fine.events
    ]
    mixed = replace(fine, events=tuple(events))
    assert svg(mixed).count("<g>") == 2
    assert ">×5<" in svg(mixed)
    assert "OSError" in svg(mixed)


def test_what_a_cache_answered_is_one_row() -> None:
    """However many that were; the tooltip names them."""
    cached = wide(9, "settings", dependency=("remembered",))
    assert svg(cached).count("<g>") == 1
    for face in (svg(cached), terminal(cached)):
        assert "9 from a cache" in face
        assert "remembered" not in face


@pytest.mark.parametrize("recording", ALL)
def test_each_sign_of_a_picture_is_explained_in_it(
    recording: Recording,
) -> None:
    """For somebody who never saw one; and no other sign is."""
    for face in (svg(recording), terminal(recording)):
        held = "held: waits at its yield" in face
        assert held == (recording is not SURROUNDED)
        assert "worker: a worker thread" in face
        assert "the framework's own work" in face.replace("&#x27;", "'")
        failed = any(e.what == "raised" for e in recording.events)
        assert (">failed<" in face or "✗ failed" in face) == failed
        assert "was not called" not in face
    assert "the client waits ┊ after the response" in terminal(recording)
    words = [e.text for e in ET.fromstring(svg(recording)).iter(f"{SVG}text")]  # noqa: S314
    assert words.count("after the") == words.count("the client") == 1


def test_the_wait_of_the_client_does_not_cross_the_response() -> None:
    """What was sent and has not come yet is a thin line that is explained."""
    late = replace(LEFT_FIRST, client=(-1_000_000, 100_000_000))
    root = ET.fromstring(svg(late))  # noqa: S314
    client = [
        r
        for r in root.iter(f"{SVG}rect")
        if r.attrib["fill"] == THEMES["light"]["client"]
    ]
    full = [r for r in client if float(r.attrib["height"]) > 4]
    line = re.search(r"M([\d.]+) 64V", svg(late))
    assert line
    for bar in full[:1]:
        end = float(bar.attrib["x"]) + float(bar.attrib["width"])
        assert end <= float(line[1]) + 0.1
    assert "on the way: 98 ms" in svg(late)
    assert "the answer still arrives" in svg(late)
    assert "╌" in terminal(late)
    soon = replace(LEFT_FIRST, client=(-1_000_000, 5_000_000))
    assert "still arrives" not in svg(soon)
    assert "╌" not in terminal(soon)


def test_the_place_of_an_error_is_not_cut_off() -> None:
    """Its line's number is at its end."""
    event = replace(FAILING.events[8], place="a_module_of_the_shop.py:1234")
    events = (*FAILING.events[:8], event, *FAILING.events[9:])
    assert re.search(
        r">raised at .*:1234<", svg(replace(FAILING, events=events))
    )


def test_a_short_bar_has_a_number() -> None:
    """Of its own work, too, where what it gave was held for long."""
    assert ">works 0.60 ms<" in svg(BORROWED)
    assert ">0.08 ms<" in svg(wide(1, "get", dependency=("began", "ended")))


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("answered", "answered by its decorator"),
        ("refused", "refused by its decorator"),
        ("misfit", "wrong arguments"),
    ],
)
def test_a_verdict_has_a_few_words_in_every_face(
    verdict: str, words: str
) -> None:
    """In two lines where the column is narrow; the order has the sentence."""
    one = wide(1, "get", dependency=(verdict,))
    assert words in terminal(one)
    drawn = ET.fromstring(svg(one)).iter(f"{SVG}text")  # noqa: S314
    assert words in " ".join(e.text or "" for e in drawn)
    assert "never ran" not in terminal(one)


def test_what_is_said_below_a_name_is_not_cut() -> None:
    """What the colour says as well is left out where it has no room."""
    lane = Lane("dependency", "get", "def", "app.py:1", "function", "got")
    events = tuple(
        Event(n, what, 0, "thread 1") for n, what in enumerate(("began",))
    )
    picture = svg(Recording("GET", "/", (lane,), events))
    assert ">for got<" in picture
    lane = replace(lane, replaces="")
    picture = svg(Recording("GET", "/", (lane,), events))
    assert ">function scope<" in picture
    lane = replace(lane, kind="endpoint")
    picture = svg(Recording("GET", "/", (lane,), events))
    assert ">endpoint · worker 1<" in picture


def test_a_middleware_has_a_number_for_each_of_its_parts() -> None:
    """Before and after the application that it is around."""
    whats = ("entered", "inner", "returned", "left")
    one = wide(1, "mark", middleware=whats)
    one = replace(one, events=(*one.events, Event(900_000, "sent")))
    assert ">0.08 ms before<" in svg(one)
    assert ">0.08 ms after<" in svg(one)
    assert "0.08 ms + 0.08 ms" in terminal(one)
    assert "waits for what is inside" in svg(one)
    assert one.order == ("response sent",)
    assert Recording.from_json(one.to_json()) == one


def test_a_message_stands_below_its_row() -> None:
    """Of many, the first ones; rows below it move down."""
    plain = wide(2, "get", task=("began", "ended"))
    said = Event(50_000, "logged", 0, note="WARNING disk is full")
    lines = [replace(said, at=50_000 + n) for n in range(5)]
    made = replace(plain, events=(*plain.events, *lines))
    assert svg(made).count(">WARNING disk is full<") == 3
    assert "and 2 more" in svg(made)
    assert "and 2 more" in terminal(made)
    sizes = [
        float(re.findall(r'viewBox="0 0 \d+ (\d+)"', svg(r))[0])
        for r in (plain, made)
    ]
    assert sizes[1] > sizes[0] + 60
    assert "logged a warning or error" in terminal(made)


def test_the_sign_of_a_message_has_its_colour_in_the_legend() -> None:
    """Both, where there were both."""
    plain = wide(1, "get", task=("began", "ended"))
    said = [
        Event(50_000, "logged", 0, note=f"{x} z") for x in ("WARN", "ERROR")
    ]
    for events in (said[:1], said[1:], said):
        made = svg(replace(plain, events=(*plain.events, *events)))
        for event, key in zip(said, ("warning", "error"), strict=True):
            sign = f'h-10z" fill="{THEMES["light"][key]}"'
            assert made.count(sign) == (3 if event in events else 0)


def test_no_letter_is_small_on_a_phone() -> None:
    """390 px wide, of which 358 are the picture's."""
    for recording in ALL:
        sizes = re.findall(r'font-size="([\d.]+)"', svg(recording))
        assert min(map(float, sizes)) * 358 / WIDTH >= 9


def test_one_part_is_one_part() -> None:
    """Not "1 parts"."""
    chunk = Event(1_500_000, "chunk")
    one = replace(BORROWED, events=(*BORROWED.events[:3], chunk))
    for face in (svg(one), terminal(one)):
        assert "1 part" in face
        assert "1 parts" not in face


def test_what_cannot_be_seen_is_said_in_every_face() -> None:
    """Never guessed: the reason stands below the picture."""
    for face in (svg(FAILING), terminal(FAILING)):
        assert "no solve_dependencies" in face
        assert "3 more events are not shown" in face


def test_any_name_and_path_can_be_drawn() -> None:
    """XML has no form at all for some characters."""
    odd = Recording("GET", '/<&">\x00\ud800' + "x" * 300, (), ())
    ET.fromstring(svg(odd).encode())  # noqa: S314
    assert max(map(len, terminal(odd).splitlines())) < 80


def test_a_theme_that_is_not_there_is_named() -> None:
    """And those that are."""
    with pytest.raises(ValueError, match="'blue': take light or dark"):
        svg(BORROWED, "blue")


def test_equal_orders_differ_in_nothing() -> None:
    """Times are not compared: they differ at every request."""
    slower = made(
        *[
            (e.at / 5e5, e.what, e.lane)
            for e in BORROWED.events
            if e.what != "started"
        ]
    )
    assert differences(BORROWED, slower) == []
    assert compare(BORROWED, slower) == "Both happened in the same order."


def test_what_moved_is_said_once() -> None:
    """The dependency is left earlier: nothing else happened differently."""
    assert compare(BORROWED, LEFT_FIRST) == (
        "≠ get_db left: after track_task ended, now after run_task ended"
    )


def test_what_happened_in_one_of_them_only_is_said() -> None:
    """Before or now."""
    short = made((0, "arrived", None), (1, "began", 1), (2, "ended", 1))
    assert "≠ response sent: only before" in compare(BORROWED, short)
    assert "≠ response sent: only now" in compare(short, BORROWED)


def test_pictures_are_laid_one_below_the_other() -> None:
    """The lane that differs is marked, and the words stand between."""
    notes = ["FastAPI 0.105.0", "FastAPI 0.117.1"]
    both = stacked([BORROWED, LEFT_FIRST], notes, "dark")
    root = ET.fromstring(both)  # noqa: S314
    inner = root.findall(f"{SVG}svg")
    assert len(inner) == 2
    assert float(inner[1].attrib["y"]) > float(inner[0].attrib["height"])
    assert "get_db left: after track_task ended" in both
    assert len(re.findall("≠ held", both)) == 2
    assert all(note in both for note in notes)


def test_one_recording_cannot_be_compared() -> None:
    """A sentence, not an IndexError."""
    with pytest.raises(ValueError, match="two recordings or more"):
        stacked([BORROWED])


def test_no_time_is_given_where_watching_took_of_it() -> None:
    """Only what an answer, or a lane, took: the order is right."""
    lanes = tuple(replace(lane, untimed="all") for lane in BORROWED.lanes)
    slow = replace(BORROWED, lanes=lanes, untimed=True)
    for face in (svg(slow), terminal(slow)):
        assert not re.search(r"\d ms|\d s\b", face)
        assert "On Python 3.11 code runs slower" in face
    held = replace(lanes[0], untimed="work")
    part = replace(BORROWED, lanes=(held, *BORROWED.lanes[1:]))
    assert ">held 103 ms<" in svg(part)
    assert "works" not in svg(part)
    assert "100 ms" in svg(part)
