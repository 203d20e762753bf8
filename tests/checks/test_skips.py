"""An answer that skips its check does not pass it, and is not excused."""

from pathlib import Path

import pytest

from tests.checks.bank import SUITES, graded, grader

AT_IMPORT = """
import pytest

pytest.skip("no mail server here", allow_module_level=True)
"""
WHEN_CALLED = """
import pytest


def get_settings():
    pytest.xfail("not today")
"""


@pytest.mark.timeout(120)
def test_a_skip_is_the_answers(tmp_path: Path) -> None:
    """At import, and where a check calls the answer."""
    by_number = {suite.number: suite for suite in SUITES}
    texts = [
        (by_number[number], by_number[number].answer.read_text("utf-8") + more)
        for number, more in (("1", AT_IMPORT), ("4", WHEN_CALLED))
    ]
    with grader() as warm:
        for exercise in graded(warm, texts, tmp_path):
            assert exercise.points < exercise.max_points
            assert {c.fault for c in exercise.checks} <= {"", "the answer"}
