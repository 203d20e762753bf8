"""Copies are found, and good answers that must look alike are not."""

from pathlib import Path

import pytest

from course.classroom.alike import report, shape
from course.classroom.intake import Submission

STUB = (
    '"""Exercise 1: count."""\n\n\ndef count(words):\n    raise ValueError\n'
)
LONG = '''\
"""{docstring}"""


def count({words}):
    # {docstring}
    {found} = dict()
    for {word} in {words}:
        if {word} not in {found}:
            {found}[{word}] = 0
        {found}[{word}] += 1
    for {word} in list({found}):
        if {found}[{word}] < {least}:
            del {found}[{word}]
    return sorted({found}.items(), key=lambda pair: (-pair[1], pair[0]))
'''
THEIRS = LONG.format(docstring="a", words="w", word="x", found="y", least=2)
OURS = LONG.format(docstring="b", words="all", word="one", found="n", least=2)
OTHER = LONG.format(docstring="b", words="all", word="one", found="n", least=3)
SHORT = STUB.replace("raise ValueError", "return len(words)")


def said(course: Path, *answers: str) -> list[list[str]]:
    """Report on answers to the one exercise."""
    for room, text in (("exercises", STUB), ("solutions", SHORT)):
        (course / room).mkdir()
        (course / room / "ex01_count.py").write_text(text)
    given = [{"ex01_count": answer.encode()} for answer in answers]
    made = [Submission(f"{i}", answers=each) for i, each in enumerate(given)]
    return report(made, course)


def test_an_answer_with_other_names_is_alike(tmp_path: Path) -> None:
    """Names, comments and docstrings do not count; a number does."""
    first, second, third = said(tmp_path, THEIRS, OURS, OTHER)
    assert first == ["ex01_count is built exactly as that of 1."]
    assert second == ["ex01_count is built exactly as that of 0."]
    assert third == []


def test_short_answers_are_never_alike(tmp_path: Path) -> None:
    """There is one way to write them; the stub itself is no copy either."""
    short = SHORT.replace("count.", "count them.")
    assert said(tmp_path, short, short, STUB, STUB) == [[], [], [], []]


def test_the_solution_is_known(tmp_path: Path) -> None:
    """Word for word, whatever the blanks."""
    assert said(tmp_path, SHORT.replace("\n", "\r\n")) == [
        ["ex01_count is the solution, word for word."]
    ]


@pytest.mark.parametrize(
    "line",
    [
        "from solutions.ex01_count import *",
        "import solutions.ex01_count as mine",
        "import importlib; importlib.import_module('solutions.ex01_count')",
        "exec(open('/course/solutions/ex01_count.py').read())",
        "from solutions import ex01_count",
    ],
)
def test_use_of_a_solution_is_reported(tmp_path: Path, line: str) -> None:
    """With its line."""
    (notes,) = said(tmp_path, f'"""My solutions."""\n{line}\n')
    assert notes[0] == "ex01_count names solutions in line 2."


@pytest.mark.parametrize(
    "text",
    [
        "def hello(:",
        "x = '\0'",
        "(" * 10_000,
        "-" * 100_000 + "1",
        "x" + ".a" * 50_000,
        "x" + "+x" * 50_000,
        "[" * 150 + "]" * 150,
        "if x:\n pass\n" + "elif x:\n pass\n" * 10_000,
        "lambda: " * 5_000 + "1",
        "\ufeff\ufeff",
        "x = 1" + "0" * 10_000,
        "x = 0x" + "f" * 10_000,
        "# coding: klingon\nx = 1",
    ],
)
def test_nothing_breaks_it(text: str) -> None:
    """What Python can't read has no shape."""
    assert isinstance(shape(text.encode("utf-8", "surrogatepass")), tuple)
