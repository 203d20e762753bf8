"""What exercise 6 runs: the same everywhere, and in today's order.

A FastAPI that changes an order is noticed here; the exercise itself stores
none, and follows what is installed.
"""

import ast
from pathlib import Path

import pytest

from checks.apps_ex06 import APPS, EVENTS
from checks.asgi import Client

ROOT = Path(__file__).resolve().parents[2]
COPIES = ("exercises", "solutions")
TODAY = {
    "yield_dependency": [
        "dependency enters",
        "endpoint runs",
        "response starts",
        "response ends",
        "task runs",
        "dependency leaves",
    ],
    "first_task_fails": [
        "dependency enters",
        "endpoint runs",
        "response starts",
        "response ends",
        "first task fails",
        "dependency catches the error",
        "server gets the error",
    ],
    "function_scope": [
        "dependency enters",
        "endpoint runs",
        "dependency leaves",
        "response starts",
        "response ends",
        "task runs",
    ],
    "own_response": [
        "endpoint runs",
        "response starts",
        "response ends",
        "own task runs",
    ],
    "streaming": [
        "endpoint runs",
        "response starts",
        "first chunk is made",
        "second chunk is made",
        "response ends",
        "task runs",
    ],
    "dependency_adds_tasks": [
        "dependency enters",
        "endpoint runs",
        "response starts",
        "response ends",
        "early task runs",
        "dependency leaves",
    ],
}


@pytest.mark.parametrize("name", APPS)
def test_the_order_is_what_it_was(name: str) -> None:
    """With FastAPI from 0.121 on, as measured up to 0.165."""
    events: list[str] = []
    with Client(APPS[name](events.append)) as client:
        client.post("/")
        client.finish()
    assert events == TODAY[name]


@pytest.mark.parametrize("name", APPS)
def test_all_that_could_happen_is_offered(name: str) -> None:
    """In alphabetical order, which tells nothing; one never happens."""
    assert sorted(set(EVENTS[name])) == EVENTS[name]
    assert set(TODAY[name]) < set(EVENTS[name])


@pytest.mark.parametrize("folder", COPIES)
def test_the_applications_are_those_that_are_shown(folder: str) -> None:
    """What is run for the checks stands in the exercise, word for word."""
    run = ast.parse((ROOT / "checks" / "apps_ex06.py").read_text("utf-8"))
    path = ROOT / folder / "ex06_predict_the_order.py"
    shown = ast.parse(path.read_text("utf-8"))
    count = len(run.body)
    assert [ast.unparse(node) for node in shown.body[1:count]] == [
        ast.unparse(node) for node in run.body[1:]
    ]
