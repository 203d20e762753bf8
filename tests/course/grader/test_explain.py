"""What an assertion says to somebody who has not read the check."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from course.grader import explain
from course.grader.explain import Compared, Sides

ADA = "ada@example.com"
CLIENT = SimpleNamespace(answered=[], errors=[])


def told(check: Any, sides: Sides | None = None, client: object = None) -> Any:
    """Tell of a check that fails."""
    with pytest.raises(AssertionError) as found:
        check()
    return explain.compared(found, str(found.value), sides, client)


def test_both_sides_are_told_in_the_words_of_the_check() -> None:
    """The left as it is written, the right and what came as values."""
    emails: list[str] = []

    def check() -> None:
        assert emails == [ADA], "nobody was welcomed"

    sides = Sides.of(emails, [ADA])
    assert told(check, sides) == Compared(
        "nobody was welcomed", "emails == ['ada@example.com']", "[]"
    )


def test_a_constant_and_an_f_string_are_filled_in() -> None:
    """A learner need not look up what they are."""
    printed, wrong = "", "not-an-email"

    def check() -> None:
        assert printed.count(f"Welcome, {ADA} {wrong}!") == 1

    said = told(check, Sides.of(0, 1))
    wanted = "printed.count('Welcome, ada@example.com not-an-email!') == 1"
    assert (said.expected, said.got) == (wanted, "0")


@pytest.mark.parametrize(
    ("status", "text", "errors", "got"),
    [
        (501, '{"to do":"add it"}', [], '501 {"to do": "add it"}'),
        (500, "Internal", [], "500 Internal"),
        (500, "", [TypeError("no")], "500, for a TypeError: no"),
        (500, "", [OSError("no")], "500, for an OSError: no"),
        (
            422,
            '{"detail":[{"loc":["query","host"],"msg":"Field required"}]}',
            [],
            "422 query host: Field required",
        ),
        (404, '{"detail":"Not Found"}', [], '404 {"detail": "Not Found"}'),
    ],
)
def test_a_status_is_told_with_what_the_response_says(
    status: int, text: str, errors: list[Exception], got: str
) -> None:
    """Or with the exception that made it."""
    response = SimpleNamespace(status_code=status, text=text)
    client = SimpleNamespace(answered=[response], errors=errors)

    def of_a_name() -> None:
        assert response.status_code == 202

    def of_a_call() -> None:
        assert client.answered[0].status_code == 202

    for check in (of_a_name, of_a_call):
        assert told(check, Sides.of(status, 202), client).got == got


def test_an_object_that_looks_alike_is_told_apart() -> None:
    """`is` compares what no repr shows."""
    one, other = [1], [1]

    def check() -> None:
        assert one is other

    said = told(check, Sides.of(one, other))
    assert said.expected == "one is other"
    assert said.got == "another one that looks alike: [1]"


def test_of_a_long_text_the_part_that_should_not_be_there_is_told() -> None:
    """With what stands beside it."""
    text = "a" * 500 + "swordfish" + "b" * 500

    def check() -> None:
        assert "swordfish" not in text

    said = told(check, Sides.of("swordfish", text))
    assert said.expected == "'swordfish' not in text"
    assert said.got == f"…{'a' * 60 + 'swordfish' + 'b' * 60!r}…"


def test_what_is_no_comparison_is_told_without_noise() -> None:
    """No "False", no "not" and no doubled brackets."""
    times, said = ["9:30"], ["done"]

    def check() -> None:
        assert any("10:00" in time for time in times)

    def none() -> None:
        assert not said

    found = told(check)
    assert found.expected == "any('10:00' in time for time in times)"
    assert found.got == ""
    assert told(none) == Compared("", "not said", "['done']")


def test_a_none_is_told_as_such() -> None:
    """And a loose operand keeps its brackets."""
    at, said = None, "ValueError"

    def check() -> None:
        assert at is not None

    def within() -> None:
        assert "why" in (said or "nothing")

    assert told(check, Sides.of(None, None)) == Compared(
        "", "at is not None", "None"
    )
    found = told(within, Sides.of("why", said))
    assert found.expected == "'why' in (said or 'nothing')"


def test_a_magic_mock_as_an_override_is_told_why_it_is_a_422() -> None:
    """FastAPI reads its parameters, *args and **kwargs, from the request."""
    places = [["query", "args"], ["query", "kwargs"]]
    detail = [{"loc": loc, "msg": "Field required"} for loc in places]
    text = json.dumps({"detail": detail})
    response = SimpleNamespace(status_code=422, text=text)

    def check() -> None:
        assert response.status_code == 202

    got = told(check, Sides.of(422, 202), CLIENT).got
    assert got.startswith("422 query args: Field required; query kwargs:")
    assert "not with a MagicMock" in got
