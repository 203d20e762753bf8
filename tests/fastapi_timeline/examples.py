"""Recordings made by hand, whose times and order are known exactly."""

from fastapi_timeline import Event, Lane, Recording

MS = 1_000_000
DB = Lane("dependency", "get_db", "yield", "app.py:3")
RUN = Lane("endpoint", "run_task", "def", "app.py:9")
TRACK = Lane("task", "track_task", "def", "app.py:7")


def made(
    *happened: tuple[float, str, int | None], **more: str | int
) -> Recording:
    """Make a recording of moments: milliseconds, what, which lane."""
    events = tuple(
        Event(int(at * MS), what, lane, "loop" if lane is None else "thread 1")
        for at, what, lane in happened
    )
    status = (Event(int(2.4 * MS), "started", note="200"),)
    return Recording(
        "POST",
        "/run-task/report",
        (DB, RUN, TRACK),
        tuple(sorted(events + status, key=lambda event: event.at)),
        versions={"python": "3.12.1"},
        client=(-MS, 3 * MS),
        **more,  # type: ignore[arg-type]
    )


BORROWED = made(
    (0, "arrived", None),
    (0.5, "began", 0),
    (0.6, "yielded", 0),
    (1, "began", 1),
    (1.5, "added", 2),
    (2, "ended", 1),
    (2.5, "sent", None),
    (3, "began", 2),
    (103, "ended", 2),
    (104, "resumed", 0),
    (104.5, "ended", 0),
    (105, "done", None),
)
LEFT_FIRST = made(
    (0, "arrived", None),
    (0.5, "began", 0),
    (0.6, "yielded", 0),
    (1, "began", 1),
    (1.5, "added", 2),
    (2, "ended", 1),
    (2.1, "resumed", 0),
    (2.2, "ended", 0),
    (2.5, "sent", None),
    (3, "began", 2),
    (103, "ended", 2),
    (105, "done", None),
)
FAILING = Recording(
    "GET",
    "/",
    (DB, RUN, Lane("task", "a_task_with_a_name_that_is_long_indeed_it_is")),
    (
        Event(0, "arrived"),
        Event(1 * MS, "began", 0, "thread 1"),
        Event(2 * MS, "yielded", 0, "thread 1"),
        Event(3 * MS, "began", 1),
        Event(4 * MS, "ended", 1),
        Event(5 * MS, "started", note="200"),
        Event(5 * MS, "sent"),
        Event(6 * MS, "began", 2),
        Event(
            7 * MS,
            "raised",
            2,
            "loop",
            "VeryLongNamedConnectionRefusedError",
            "app.py:8",
        ),
        Event(
            8 * MS,
            "resumed",
            0,
            "thread 1",
            "VeryLongNamedConnectionRefusedError",
        ),
        Event(
            9 * MS,
            "raised",
            0,
            "thread 1",
            "↑VeryLongNamedConnectionRefusedError",
        ),
        Event(9 * MS, "failed", note="VeryLongNamedConnectionRefusedError"),
    ),
    lost="This FastAPI has no solve_dependencies.",
    dropped=3,
)
SURROUNDED = Recording(
    "GET",
    "/orders/a-long-path",
    (
        Lane("middleware", "AddsHeadersMiddleware", "object", "app.py:3"),
        Lane("endpoint", "ep", "async def", "app.py:9"),
        Lane("handler", "answer_key_error", "def", "app.py:1", about="KeyE"),
        Lane("aside", "report", "async def", "app.py:2", about="asyncio task"),
        Lane("task", "store", "def", "app.py:7"),
    ),
    (
        Event(0, "arrived"),
        Event(1 * MS, "entered", 0),
        Event(2 * MS, "inner", 0),
        Event(3 * MS, "began", 1),
        Event(4 * MS, "made", 3),
        Event(5 * MS, "entered", 3),
        Event(6 * MS, "raised", 1, "loop", "KeyError", "app.py:10"),
        Event(7 * MS, "entered", 2, "thread 1"),
        Event(8 * MS, "left", 2, "thread 1"),
        Event(9 * MS, "started", note="400"),
        Event(9 * MS, "sent"),
        Event(10 * MS, "began", 4, "thread 1"),
        Event(11 * MS, "logged", 4, "thread 1", "ERROR " + "disk full " * 20),
        Event(12 * MS, "ended", 4, "thread 1"),
        Event(12 * MS, "returned", 0),
        Event(13 * MS, "logged", 0, note="WARNING slow"),
        Event(14 * MS, "left", 0),
    ),
    remarks=("The lifespan's startup took 38 ms.",),
)
