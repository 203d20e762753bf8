# Axis: the events are members of an enum, which are texts, too.

from enum import StrEnum


class E(StrEnum):
    ENTERS = "dependency enters"
    LEAVES = "dependency leaves"
    CATCHES = "dependency catches the error"
    ENDPOINT = "endpoint runs"
    STARTS = "response starts"
    ENDS = "response ends"
    TASK = "task runs"
    FAILS = "first task fails"
    SERVER = "server gets the error"
    OWN = "own task runs"
    ONE = "first chunk is made"
    TWO = "second chunk is made"
    EARLY = "early task runs"


PREDICTIONS = dict(
    yield_dependency=[
        *(E.ENTERS, E.ENDPOINT, E.STARTS, E.ENDS, E.TASK, E.LEAVES)
    ],
    first_task_fails=[
        *(E.ENTERS, E.ENDPOINT, E.STARTS, E.ENDS),
        *(E.FAILS, E.CATCHES, E.SERVER),
    ],
    function_scope=[
        *(E.ENTERS, E.ENDPOINT, E.LEAVES, E.STARTS, E.ENDS, E.TASK)
    ],
    own_response=[E.ENDPOINT, E.STARTS, E.ENDS, E.OWN],
    streaming=[E.ENDPOINT, E.STARTS, E.ONE, E.TWO, E.ENDS, E.TASK],
    dependency_adds_tasks=[
        *(E.ENTERS, E.ENDPOINT, E.STARTS, E.ENDS, E.EARLY, E.LEAVES)
    ],
)
