"""Checks of exercise 6: what was predicted, beside what happens.

No order is stored here: each application is run, on this FastAPI.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from itertools import zip_longest
from types import ModuleType

import pytest

from checks.apps_ex06 import APPS, EVENTS
from checks.asgi import Client

each_app = pytest.mark.parametrize("name", APPS)


@pytest.fixture
def events() -> list[str]:
    """Give the list that an application notes its events in."""
    return []


@pytest.fixture
def client(name: str, events: list[str]) -> Iterator[Client]:
    """Give a client of the course's own copy of an application."""
    with Client(APPS[name](events.append)) as client:
        yield client


@each_app
@pytest.mark.points(2)
@pytest.mark.picture
def test_the_order_is_as_predicted(
    answer: ModuleType, name: str, client: Client, events: list[str]
) -> None:
    """The events of one request come in the predicted order.

    From the order follows when a session is closed, and who gets an error.
    """
    predicted = prediction(answer, name)
    client.post("/")
    client.finish()
    if predicted != events:
        pytest.fail(side_by_side(predicted, events), pytrace=False)


def prediction(answer: ModuleType, name: str) -> list[str]:
    """Take it from the answer; fail if it is none."""
    predictions = getattr(answer, "PREDICTIONS", None)
    if not isinstance(predictions, Mapping):
        pytest.fail(
            f"PREDICTIONS is a {type(predictions).__name__}: it has to be a"
            " dict, with a list of events for each name in APPS.",
            pytrace=False,
        )
    found = predictions.get(name)
    if not isinstance(found, list | tuple) or not found:
        kind = type(found).__name__
        missing = isinstance(found, list | tuple | None)
        fault = "There is no prediction" if missing else f"It is a {kind}"
        pytest.fail(
            f'{fault}: PREDICTIONS["{name}"] has to be a list'
            f' of events, each spelt as in EVENTS["{name}"].',
            pytrace=False,
        )
    for place, event in enumerate(found):
        fault = ""
        if not isinstance(event, str):
            fault = f"{event!r} is not a text, so it is not an event"
        elif event not in EVENTS[name]:
            near = get_close_matches(event, EVENTS[name], 1, cutoff=0)
            fault = f'there is no event "{event}"; the nearest is "{near[0]}"'
            two = {a + b for a in EVENTS[name] for b in EVENTS[name]}
            if event in two:
                fault = f'"{event}" is two events: a comma is missing'
        elif event in found[:place]:
            fault = f'"{event}" is there twice, but it happens at most once'
        if fault:
            pytest.fail(f'PREDICTIONS["{name}"]: {fault}.', pytrace=False)
    return list(found)


def side_by_side(predicted: list[str], events: list[str]) -> str:
    """Show both orders, with a sign where they part."""
    right = 0
    while predicted[right : right + 1] == events[right : right + 1]:
        right += 1
    lines = [
        f"{'>' if place == right else ' '} {mine or '-':<30}{real or '-'}"
        for place, (mine, real) in enumerate(zip_longest(predicted, events))
    ]
    said = {
        0: "The first is wrong already; > marks the first difference.",
        1: "The first is right; > marks the first difference.",
    }.get(right, f"The first {right} are right; > marks the first difference.")
    head = f"  {'you predicted':<30}what happened"
    return "\n".join([said, head, *lines])
