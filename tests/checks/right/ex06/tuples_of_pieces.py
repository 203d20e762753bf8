# Axis: tuples made of common pieces, in a mapping that can't be changed.

from types import MappingProxyType

SENT = ("response starts", "response ends")
BEFORE = ("dependency enters", "endpoint runs")
AFTER = ("dependency leaves",)

PREDICTIONS = MappingProxyType(
    {
        "yield_dependency": (*BEFORE, *SENT, "task runs", *AFTER),
        "first_task_fails": (
            *BEFORE,
            *SENT,
            "first task fails",
            "dependency catches the error",
            "server gets the error",
        ),
        "function_scope": BEFORE + AFTER + SENT + ("task runs",),
        "own_response": ("endpoint runs", *SENT, "own task runs"),
        "streaming": (
            "endpoint runs",
            SENT[0],
            *(f"{number} chunk is made" for number in ("first", "second")),
            SENT[1],
            "task runs",
        ),
        "dependency_adds_tasks": BEFORE + SENT + ("early task runs",) + AFTER,
    }
)
