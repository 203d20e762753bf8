"""Question 30: tasks that pile up."""

import threading
from collections import Counter
from collections.abc import Callable

from course.questions.running import Way

from .conftest import Happens, Question

REQUESTS = 60


def pile_up(question: Question, way: Way) -> tuple[Counter[int], int]:
    """Send requests while no task ends: the answers, reports in memory."""
    module, go_on = question.module, threading.Event()

    async def get_work() -> Callable[[object], object]:
        return lambda _report: go_on.wait(30)

    module.app.dependency_overrides[module.get_work] = get_work
    answers: Counter[int] = Counter()
    with question.running() as server:
        try:
            for _ in range(REQUESTS):
                answers[server.client.post(way.path).status_code] += 1
            kept = len(module.in_memory)
        finally:
            go_on.set()
        server.recorder.wait(REQUESTS)
    return answers, kept


def test_wrong(question: Question, happens: Happens) -> None:
    """Every request is accepted, and its megabyte stays in memory."""
    answers, kept = pile_up(question, question.wrong)
    assert answers == {202: REQUESTS}
    assert kept == REQUESTS
    happens("wrong: all are accepted, and all stay in memory")


def test_right(question: Question, happens: Happens) -> None:
    """Above the limit a request is refused, and memory stays as it is."""
    answers, kept = pile_up(question, question.right)
    limit = question.module.MAX_WAITING
    assert answers == {202: limit, 503: REQUESTS - limit}
    assert kept == limit
    happens("right: above the limit 503")


def test_right_places_come_back(question: Question) -> None:
    """A place is free again when its task has ended."""
    pile_up(question, question.right)
    with question.running() as server:
        limit = question.module.MAX_WAITING
        answers = [server.send(question.right).status for _ in range(limit)]
    assert answers == [202] * limit
