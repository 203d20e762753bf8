# Axis: each list is EVENTS, sorted and without what never happens.


NEVER = {
    "dependency catches the error",
    "first task fails",
}
RANK = [
    "dependency enters",
    "endpoint runs",
    "response starts",
    "first chunk is made",
    "second chunk is made",
    "response ends",
    "early task runs",
    "own task runs",
    "task runs",
    "first task fails",
    "dependency catches the error",
    "dependency leaves",
    "server gets the error",
]
for key in ("yield_dependency", "streaming", "own_response"):
    PREDICTIONS[key] = sorted(
        (
            each
            for each in EVENTS[key]
            if each not in ("server gets the error", "injected task runs")
        ),
        key=RANK.index,
    )
