"""Checks of exercise 7: the tests are right, and notice what is broken.

The learner's tests are run here: on three right applications, which they
have to pass, and on eight broken ones, which they have to notice.
"""

from collections.abc import Iterator

import pytest

from checks.answers import answer_for, must_exist
from checks.apps_ex07 import BROKEN, RIGHT
from checks.nest import LATE, Nest, Results

GIVEN = "test_a_notification_is_sent"
HANGS = 2  # so many tests that hang are waited for


@pytest.fixture
def answer(request: pytest.FixtureRequest) -> Iterator[Nest]:
    """Give the learner's tests, collected in a separate process."""
    path = answer_for(request.path, request.config.getoption("--target"))
    must_exist(path)
    nest = Nest(path)
    try:
        if nest.broken:
            pytest.fail(nest.broken, pytrace=False)
        if not nest.tests:
            pytest.fail(
                "pytest finds no test in your file: their names begin with"
                " test_.",
                pytrace=False,
            )
        yield nest
    finally:
        nest.close()


def short(test: str) -> str:
    """Leave the file out of a test's name."""
    return test.partition("::")[2]


def named(answer: Nest, name: str) -> list[str]:
    """Find a test by its function's name, in any class."""
    found = [(each, short(each).partition("[")[0]) for each in answer.tests]
    return [each for each, path in found if path.split("::")[-1] == name]


def must_pass(answer: Nest, app: str, tests: list[str]) -> None:
    """Fail, and say why, if one of them does not pass."""
    for test, (outcome, why) in answer.run(app, tests).items():
        if outcome != "passed":
            said = (
                f"{short(test)} {outcome} on a right application"
                f" (checks/apps_ex07/{app}.py). {why}"
            )
            if outcome == "failed" and "RealSleepError" not in why:
                said += f"\n{advice(answer, app, test)}"
            pytest.fail(said.strip(), pytrace=False)


def advice(answer: Nest, app: str, test: str) -> str:
    """Say what a failure on a right application comes from."""
    if answer.passes(test, [app]):
        return "Alone it passes there: it finds what another test has left."
    if any(answer.passes(test, [each]) for each in RIGHT):
        return (
            "It passes on another right one, so it depends on how an"
            " application is built: use no more of it than target.app and, as"
            " keys of target.app.dependency_overrides, the two get_…"
        )
    return "It does not pass on the other right ones, either."


def noticed(answer: Nest, app: str) -> tuple[bool, list[str]]:
    """See if a test fails there and nowhere else; say what was odd."""
    odd: list[str] = []
    tests, hung = answer.tests, 0
    while tests and hung < HANGS:
        results, proven = answer.run_to_the_first(app, tests, RIGHT)
        test, (outcome, why) = list(results.items())[-1]
        tests = tests[len(results) :]
        hung += [outcome, why] == LATE
        if outcome == "failed" and (proven or answer.passes(test, RIGHT)):
            return True, []
        if outcome == "failed":
            outcome, why = "fails on it, but on a right application, too", ""
        if outcome != "passed":
            odd.append(f"{short(test)} {outcome}. {why}".strip())
    return False, odd


@pytest.mark.points(2)
def test_the_given_test_notices_that_nothing_is_sent(answer: Nest) -> None:
    """The test passes on the right apps and fails on never_scheduled.

    A test that passes when the task is gone tests nothing.
    """
    given = named(answer, GIVEN)
    if not given:
        pytest.fail(f"There is no {GIVEN}: keep its name.", pytrace=False)
    for app in RIGHT:
        must_pass(answer, app, given)
    found = answer.run("never_scheduled", given).values()
    ends = sorted({outcome for outcome, _ in found})
    if "failed" not in ends:
        pytest.fail(
            f"{GIVEN} {' and '.join(ends)} on never_scheduled, where nothing"
            " is sent, so it does not look at the task. FastAPI keeps the"
            " function that Depends was given, whatever its name means later;"
            " and what stands in dependency_overrides is called as a"
            " dependency: it has to return the task.",
            pytrace=False,
        )


@pytest.mark.points(1)
def test_every_right_app_passes_and_a_broken_one_does_not(
    answer: Nest,
) -> None:
    """All tests pass on three right apps; one fails on a broken app.

    A test that fails on a right application costs more time than it saves.
    """
    for app in RIGHT:
        must_pass(answer, app, answer.tests)
    if not any(noticed(answer, app)[0] for app in BROKEN):
        pytest.fail(
            "Your tests pass on the right applications, and on all the broken"
            " ones, too: they would pass whatever it does.",
            pytrace=False,
        )


@pytest.mark.points(1)
@pytest.mark.parametrize("app", BROKEN)
def test_a_broken_app_is_noticed(answer: Nest, app: str) -> None:
    """One of the tests fails on it, and passes on the right apps.

    With this mistake, all tests would pass, and users would meet it.
    """
    found, odd = noticed(answer, app)
    if not found:
        said = "\n".join(["", *odd]) if odd else " All your tests pass on it."
        pytest.fail(
            f"No test notices {app}: {BROKEN[app]}.{said}", pytrace=False
        )


@pytest.mark.points(1)
@pytest.mark.after("test_every_right_app_passes_and_a_broken_one_does_not")
def test_the_order_of_the_tests_does_not_matter(answer: Nest) -> None:
    """Each test gives the same result in any order, and alone.

    A test that needs another one fails as soon as somebody runs it alone.
    """
    right, tests = RIGHT[0], answer.tests
    written = answer.run(right, tests)
    must_agree(written, answer.run(right, tests[::-1]), "in reverse order")
    for test in tests:
        must_agree(written, answer.run(right, [test]), "alone")
    if not any(noticed(answer, app)[0] for app in BROKEN):
        pytest.fail(
            "In any order, your tests notice nothing yet.", pytrace=False
        )


def must_agree(written: Results, other: Results, way: str) -> None:
    """Fail if a test ended differently from what it did in written order."""
    for test, (outcome, why) in other.items():
        before, why_before = written.get(test, LATE)
        if outcome != before:
            pytest.fail(
                f"{short(test)} {before} in written order, and {way} it"
                f" {outcome}: does it need what another test leaves behind?"
                f"\n{why or why_before}",
                pytrace=False,
            )
