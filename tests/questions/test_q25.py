"""Question 25: progress, for one browser and for a second."""

import threading

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """The first tab takes the messages; the second gets none."""
    with question.running() as server:
        server.send(question.wrong)
        events = f"{question.wrong.path}/events"
        first = server.client.get(events).text
        second = server.client.get(events).text
    assert first == "data: 1\n\ndata: 2\n\ndata: 3\n\n"
    assert second == ""
    happens("wrong: a second tab sees nothing")


def test_right(question: Question, happens: Happens) -> None:
    """Both tabs see how far the work is."""
    with question.running() as server:
        server.send(question.right)
        events = f"{question.right.path}/events"
        tabs = [server.client.get(events).text for _ in range(2)]
    assert tabs == ["data: 3\n\n"] * 2
    happens("right: each tab sees the same progress")


def test_right_while_it_runs(question: Question) -> None:
    """The browser sees step after step while the task works."""
    module, go_on = question.module, threading.Semaphore(0)
    seen: list[str] = []

    def step() -> None:
        go_on.acquire(timeout=5)

    module.app.dependency_overrides[module.get_step] = lambda: step
    with question.running() as server:
        server.client.post(question.right.path)
        events = f"{question.right.path}/events"
        with server.client.stream("GET", events) as response:
            for line in filter(None, response.iter_lines()):
                seen.append(line)
                go_on.release()
        go_on.release(3)  # whatever was seen, the task ends
    assert seen == [f"data: {done}" for done in range(4)]
