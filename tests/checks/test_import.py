"""What a check imports is the answer as it was saved last."""

import os
import sys
from pathlib import Path

import pytest

from checks.answers import imported


def test_two_saves_in_one_second_are_two_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's own cache cannot tell them apart, if they have one length."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    answer = tmp_path / "ex01_x.py"
    for number in (1, 2):
        answer.write_text(f"NUMBER = {number}\n", "utf-8")
        os.utime(answer, (1, 1))
        with imported(answer) as module:
            assert number == module.NUMBER
