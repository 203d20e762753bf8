"""Question 37: to stop a task that runs."""

import asyncio
import threading

import pytest

from course.questions.running import Way

from .conftest import Happens, Question


def steps_after_delete(question: Question, way: Way) -> int:
    """DELETE the task in the middle of its first step of three."""
    module = question.module
    began, go_on = threading.Event(), threading.Event()

    def step() -> None:
        began.set()
        assert go_on.wait(5)

    module.app.dependency_overrides[module.get_step] = lambda: step
    with question.running() as server:
        try:
            server.client.post(way.path)
            assert began.wait(5)
            assert server.client.delete(way.path).status_code == 200
        finally:
            go_on.set()
        server.recorder.wait(2)
    done: int = module.steps_done
    return done


def test_wrong(question: Question, happens: Happens) -> None:
    """The task works on to its end."""
    assert steps_after_delete(question, question.wrong) == 3
    happens("wrong: the task works on")


def test_right(question: Question, happens: Happens) -> None:
    """The task ends the step that it is at, and stops."""
    assert steps_after_delete(question, question.right) == 1
    happens("right: the task stops after its step")


def test_cancel_does_not_stop_a_thread() -> None:
    """What waits for the thread is cancelled; the thread works on."""
    began, go_on, done = threading.Event(), threading.Event(), list[str]()

    def work() -> None:
        began.set()
        go_on.wait(5)
        done.append("work")

    async def cancel_it() -> None:
        task = asyncio.create_task(asyncio.to_thread(work))
        assert await asyncio.to_thread(began.wait, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert done == []
        go_on.set()

    asyncio.run(cancel_it())  # its end waits for the threads
    assert done == ["work"]
