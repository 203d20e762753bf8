"""What an assertion says to somebody who has not read the check."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from course.grader import explain
from course.grader.explain import Compared

ADA = "ada@example.com"


def told(check: Any, *sides: object, client: object = None) -> Any:
    """Tell of a check that fails, with both sides of its comparison."""
    with pytest.raises(AssertionError) as found:
        check()
    texts = (repr(sides[0]), repr(sides[1])) if sides else None
    return explain.compared(found, texts, client)


def test_both_sides_are_told_in_the_words_of_the_check() -> None:
    """The left as it is written, the right and what came as values."""
    emails: list[str] = []

    def check() -> None:
        assert emails == [ADA], "nobody was welcomed"

    assert told(check, emails, [ADA]) == Compared(
        "nobody was welcomed", "emails == ['ada@example.com']", "[]"
    )


def test_a_constant_and_an_f_string_are_filled_in() -> None:
    """A learner need not look up what they are."""
    printed, wrong = "", "not-an-email"

    def check() -> None:
        assert printed.count(f"Welcome, {ADA} {wrong}!") == 1

    said = told(check, 0, 1)
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

    def check() -> None:
        assert response.status_code == 202

    assert told(check, status, 202, client=client).got == got


def test_of_what_should_be_in_a_text_all_of_it_is_told() -> None:
    """Not the part that is missing: that is expected."""
    said = "ValueError"

    def check() -> None:
        assert "why" in (said or "nothing")

    assert told(check, "why", said) == Compared(
        "", "'why' in (said or 'nothing')", "'ValueError'"
    )


def test_what_is_no_comparison_is_told_as_it_is_written() -> None:
    """With what the check says of it."""
    times = ["9:30"]

    def check() -> None:
        assert any("10:00" in time for time in times), "too early"

    words = "any(('10:00' in time for time in times))"
    assert told(check) == Compared("too early", words)


def test_a_magic_mock_as_an_override_is_told_why_it_is_a_422() -> None:
    """FastAPI reads its parameters, *args and **kwargs, from the request."""
    places = [["query", "args"], ["query", "kwargs"]]
    detail = [{"loc": loc, "msg": "Field required"} for loc in places]
    text = json.dumps({"detail": detail})
    response = SimpleNamespace(status_code=422, text=text)

    def check() -> None:
        assert response.status_code == 202

    client = SimpleNamespace(answered=[response], errors=[])
    got = told(check, 422, 202, client=client).got
    assert got.startswith("422 query args: Field required; query kwargs:")
    assert "not with a MagicMock" in got
