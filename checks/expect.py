"""Fail a check in words: what was expected, and what came instead."""

from collections.abc import Iterable, Sequence

MANY = 9  # calls; of more, only that is said


class UnmetError(AssertionError):
    """An expectation that was not met; the grader shows its three parts."""

    def __init__(self, expected: str, got: str, why: str = "") -> None:
        super().__init__(f"\nexpected: {expected}\ngot:      {got}\n{why}")
        self.expected, self.got, self.why = expected, got, why


def expect(met: object, expected: str, got: object, why: str = "") -> None:
    """Fail unless it is met. `why` says what may have caused it."""
    __tracebackhide__ = True
    if not met:
        raise UnmetError(expected, str(got), why)


def times(number: int) -> str:
    """Write how often something happened."""
    return {0: "never", 1: "once", 2: "twice"}.get(number, f"{number} times")


def how_often(verb: str, number: int) -> str:
    """Write "never printed" or "printed twice"."""
    return f"{verb} {times(number)}" if number else f"never {verb}"


def listed(values: Iterable[object], empty: str = "nothing") -> str:
    """Write a list as a sentence does: each with a comma, or nothing."""
    return ", ".join(map(str, values)) or empty


def reached(errors: Sequence[BaseException]) -> str:
    """Write which exceptions reached the server."""
    return f"the server got {listed(map(repr, errors))}"


def called(values: Sequence[object]) -> str:
    """Write with what something was called, each time."""
    if len(values) > MANY:
        return f"called more than {MANY} times"
    calls = how_often("called", len(values))
    return f"{calls}: {listed(values)}" if values else calls
