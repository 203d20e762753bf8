"""The checker of words finds a phrase however its lines are broken."""

import tomllib

import pytest

from tests.words import LIST, findings, texts

BETTER = {"an address that is none": "an invalid address"}


@pytest.mark.parametrize(
    "text",
    [
        "One.\nIt is an address that is none.",
        "One.\nAn address\nthat is none is refused.",
        "One.\n    # Refuse an address that\n    # is none.",
        'One.\n    "an address that"\n    f" is none"',
        "One.\n> **an address** that is `none`",
    ],
    ids=["line", "break", "comment", "string", "markdown"],
)
def test_a_phrase_is_found(text: str) -> None:
    """With its line, and what to write instead."""
    ((line, advice),) = findings(text, BETTER)
    assert line in {2, 3}
    assert text.splitlines()[line - 1].lower().count("an address")
    assert advice == ('"an address that is none": write "an invalid address"')


def test_other_words_are_not_found() -> None:
    """Neither a part of a word, nor words with others in between."""
    text = "an address that is nonexistent; an address that here is none"
    assert not list(findings(text, BETTER))


def test_every_phrase_of_the_list_is_found() -> None:
    """As it stands in the list; its better wording is clean."""
    better = tomllib.loads(LIST.read_text("utf-8"))
    for phrase, instead in better.items():
        assert [line for line, _ in findings(phrase, better)] == [1]
        assert not list(findings(instead, better))


def test_no_text_has_one() -> None:
    """What `lint` reads is clean, lessons and documents included."""
    better = tomllib.loads(LIST.read_text("utf-8"))
    assert len(texts()) > 100
    assert not [
        (path.name, finding)
        for path in texts()
        for finding in findings(path.read_text("utf-8"), better)
    ]
