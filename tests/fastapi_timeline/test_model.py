"""A recording is plain data: it can be saved, read back and asked."""

import json

import pytest

from fastapi_timeline import Recording
from tests.fastapi_timeline.examples import BORROWED, FAILING, LEFT_FIRST, MS


@pytest.mark.parametrize("recording", [BORROWED, LEFT_FIRST, FAILING])
def test_a_saved_recording_reads_back_equal(recording: Recording) -> None:
    """Nothing is lost on the way through JSON."""
    assert Recording.from_json(recording.to_json()) == recording


def test_another_format_is_refused_by_its_number() -> None:
    """Who reads it is told which format it has, and what to do."""
    text = BORROWED.to_json().replace('"format": 1', '"format": 99')
    with pytest.raises(ValueError, match=r"format 99 .* record it anew"):
        Recording.from_json(text)


@pytest.mark.parametrize("text", ["", "[]", "{", "7", '"x"'])
def test_what_is_no_recording_says_so(text: str) -> None:
    """No traceback about keys: one sentence."""
    with pytest.raises(ValueError, match="not a saved recording"):
        Recording.from_json(text)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("lanes", []),
        ("lanes", 3),
        ("events", [{"when": 1}]),
        ("events", None),
        ("client", 5),
        ("surprise", 1),
    ],
)
def test_a_damaged_recording_says_so(key: str, value: object) -> None:
    """A file that somebody edited is refused, not drawn wrong."""
    data = {**json.loads(BORROWED.to_json()), key: value}
    with pytest.raises(ValueError, match="damaged"):
        Recording.from_json(json.dumps(data))


def test_a_dependency_is_held_from_its_yield_until_it_goes_on() -> None:
    """What it held is not counted as its own work."""
    db = BORROWED.lives[0]
    assert db.held == round(103.4 * MS)
    assert db.took == round(0.6 * MS)


def test_the_response_is_sent_at_its_last_message() -> None:
    """The line that divides the picture stands there."""
    assert BORROWED.sent == 2.5 * MS
    assert BORROWED.status == "200"


def test_the_order_is_a_tuple_to_assert_on() -> None:
    """It says the same words as everywhere else."""
    assert BORROWED.order == (
        "get_db entered",
        "run_task began",
        "run_task ended",
        "response sent",
        "track_task began",
        "track_task ended",
        "get_db left",
    )
