"""Question 46: what a message of Celery can carry."""

import pytest

from .conftest import Happens, Question

pytest.importorskip("celery")


def test_wrong(question: Question, happens: Happens) -> None:
    """The endpoint fails, and no message is sent."""
    assert question.wrong.send().status == 500
    happens("wrong: 500, and no task is sent")


@pytest.mark.parametrize("dumped", [True, False])
def test_right(question: Question, happens: Happens, *, dumped: bool) -> None:
    """The message has the data, and the worker's task gets the model."""
    celery, task = question.module.celery, question.module.work_on_json
    with celery.connection_for_read() as connection:
        messages = connection.SimpleQueue("celery")
        messages.clear()  # of other tests: the memory is the process's
        if dumped:
            assert question.right.send().status == 202
        else:  # since Celery 5.7
            task.delay(question.module.Order())
        message = messages.get_nowait()
        message.ack()
    arguments = message.payload[0]
    assert arguments == [{"item": "lamp"}]
    assert task(*arguments) == "lamp"
    happens("right: the data travels, the worker makes the model")
