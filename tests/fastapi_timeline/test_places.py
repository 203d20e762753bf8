"""Where something is defined, in the words of a picture."""

from pathlib import Path

from fastapi_timeline.callables import shorten


def test_a_place_is_told_as_an_editor_would() -> None:
    """Relative to here, by name elsewhere, and of a notebook by its line."""
    here = Path.cwd() / "stages" / "one.py"
    assert shorten(str(here), 3) == "stages/one.py:3"
    assert shorten("/elsewhere/two.py", 3) == "two.py:3"
    assert shorten("/tmp/ipykernel_4711/12345678.py", 3) == "cell:3"  # noqa: S108
