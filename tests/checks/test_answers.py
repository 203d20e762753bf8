"""The checks are right in both directions: no mistake passes, no answer fails.

What lies in right/ and wrong/ is what learners might write. The first line
says in what a right answer differs, or what a wrong one's mistake is; the
second line of a wrong one names the checks that fail it, and no other does.
"""

from collections.abc import Callable, Iterator

import pytest
from syrupy.assertion import SnapshotAssertion

from course.grader.grading import Grader
from course.grader.result import Exercise
from tests.checks.bank import (
    SUITES,
    Answer,
    answers,
    everything,
    failed,
    graded,
    grader,
    own,
    passed,
    said,
)

exact = pytest.mark.exact  # left out of what has to pass for each change
pytestmark = pytest.mark.timeout(1500)  # the first waits for its exercise


@pytest.fixture(scope="session")
def warm() -> Iterator[Grader]:
    """Keep one process for all of them."""
    with grader() as started:
        yield started


@pytest.fixture(scope="session")
def result(
    warm: Grader, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Answer], Exercise]:
    """Grade all answers to an exercise when the first is asked for."""
    known: dict[Answer, Exercise] = {}

    def look_up(answer: Answer) -> Exercise:
        if answer not in known:
            mine = [e for e in everything() if e.suite == answer.suite]
            texts = [(each.suite, each.text) for each in mine]
            folder = tmp_path_factory.mktemp(answer.suite.name)
            known.update(zip(mine, graded(warm, texts, folder), strict=True))
        return known[answer]

    return look_up


Result = Callable[[Answer], Exercise]


def each(found: list[Answer]) -> pytest.MarkDecorator:
    """Make one test of each answer."""
    return pytest.mark.parametrize("answer", found, ids=lambda a: a.name)


@each(own("exercises"))
def test_an_untouched_stub_passes_no_check(
    answer: Answer, result: Result
) -> None:
    """It scores zero, and it can be imported."""
    stub = result(answer)
    assert passed(stub) == []
    assert all(check.imported for check in stub.checks)


@exact
@each(own("exercises"))
def test_an_untouched_stub_is_told_why(
    answer: Answer, result: Result, snapshot: SnapshotAssertion
) -> None:
    """Each check says what is still to do."""
    stub = result(answer)
    assert {check: said(stub, check) for check in failed(stub)} == snapshot


@each(own("solutions"))
def test_the_solution_passes_every_check(
    answer: Answer, result: Result
) -> None:
    """Full marks."""
    assert problems(result(answer)) == {}


@each(answers("right"))
def test_a_right_answer_passes_every_check(
    answer: Answer, result: Result
) -> None:
    """However it is built."""
    assert problems(result(answer)) == {}


@each(answers("wrong"))
def test_a_wrong_answer_is_caught(answer: Answer, result: Result) -> None:
    """By a check that is meant to."""
    wrong = result(answer)
    assert set(failed(wrong)) & set(answer.fails), problems(wrong)


@exact
@each(answers("wrong"))
def test_a_wrong_answer_fails_where_it_has_to(
    answer: Answer, result: Result, snapshot: SnapshotAssertion
) -> None:
    """There and nowhere else; and it is told what is wrong."""
    wrong = result(answer)
    assert failed(wrong) == answer.fails, problems(wrong)
    assert {check: said(wrong, check) for check in answer.fails} == snapshot


@exact
@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_each_check_is_needed_to_catch_a_wrong_answer(
    suite: object, result: Result
) -> None:
    """A check that catches nothing that others let pass would be dropped."""
    wrong = [each for each in answers("wrong") if each.suite == suite]
    (solution,) = (each for each in own("solutions") if each.suite == suite)
    alone = {each.fails[0] for each in wrong if len(each.fails) == 1}
    assert set(passed(result(solution))) - alone == set()


def problems(exercise: Exercise) -> dict[str, str]:
    """Say of each check that failed what it says."""
    return {check: said(exercise, check) for check in failed(exercise)}
