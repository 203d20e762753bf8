"""The checks are right in both directions: no mistake passes, no answer fails.

What lies in right/ and wrong/ is what learners might write. The first line
says in what a right answer differs, or what a wrong one's mistake is; the
second line of a wrong one names the check that is meant to fail.
"""

import pytest

from tests.checks.runs import Answer, answers, both, outcome


def each(found: list[Answer]) -> pytest.MarkDecorator:
    """Make one test of each answer."""
    return pytest.mark.parametrize("answer", found, ids=lambda a: a.name)


@each(both("exercises"))
def test_an_untouched_stub_passes_no_check(answer: Answer) -> None:
    """It scores zero, and fails in the checks: it can be imported."""
    found = outcome(answer)
    assert found.passed == frozenset()
    assert all(m.startswith("call: ") for m in found.failed.values())


@each(both("solutions"))
def test_the_solution_passes_every_check(answer: Answer) -> None:
    """Full marks."""
    assert outcome(answer).failed == {}


@each(answers("right"))
def test_a_right_answer_passes_every_check(answer: Answer) -> None:
    """However it is built."""
    assert outcome(answer).failed == {}


@each(answers("wrong"))
def test_a_wrong_answer_fails_where_it_is_meant_to(answer: Answer) -> None:
    """By a check, not by a slip: it can be imported."""
    found = outcome(answer)
    for check in answer.meant:
        assert check in found.failed, f"{check} lets it pass"
    if "at import" not in answer.mistake:
        broken = [m for m in found.failed.values() if m.startswith("setup")]
        assert broken == []


def test_each_check_is_the_one_that_catches_a_wrong_answer() -> None:
    """A check that catches nothing would be dropped."""
    meant = {check for each in answers("wrong") for check in each.meant}
    for solution in both("solutions"):
        assert outcome(solution).passed <= meant
