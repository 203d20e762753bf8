"""Links are found outside of code, and led to where a page lies."""

import pytest

from course.reading.links import led


def to(path: str) -> str | None:
    """Lead to what is in the rooms; there is no other page."""
    return f"site/{path}" if path.startswith("stages/") else None


@pytest.mark.parametrize(
    ("markdown", "becomes"),
    [
        ("[a](../stages/s01.py)", "[a](site/stages/s01.py)"),
        ("[`a`](../stages/s01.py#x)", "[`a`](site/stages/s01.py#x)"),
        ("see [the licence](../LICENSE).", "see the licence."),
        ("[a](https://a.example)", "[a](https://a.example)"),
        ("[a](#below)", "[a](#below)"),
        ("`[a](../LICENSE)`", "`[a](../LICENSE)`"),
        ("```\n[a](../LICENSE)\n```", "```\n[a](../LICENSE)\n```"),
        ("| [a](../LICENSE) | `x[0]` |", "| a | `x[0]` |"),
        ("[a][b](../LICENSE)", "[a]b"),
    ],
)
def test_a_link_is_led(markdown: str, becomes: str) -> None:
    """To its page; without one its text remains, and code is left alone."""
    assert led(markdown, "notebooks", to) == becomes
