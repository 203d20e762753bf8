"""What a function logs stands beside its bar; logging is left alone."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.testclient import TestClient
from pydantic import AfterValidator

from fastapi_timeline import Recording, record, svg, terminal
from fastapi_timeline.logged import line

logger = logging.getLogger("tests.shop")


def swallows() -> None:
    """Fail, so to speak, and tell nobody but the log."""
    error = OSError("disk is full")
    logger.error("could not store: %s", error)


def nothing() -> None:
    """Give nothing."""


def asked(*tasks: Any, depends: Any = None) -> Recording:
    """Record a request whose tasks these are."""
    app = FastAPI()

    @app.get("/")
    async def ep(
        wanted: BackgroundTasks, _: Annotated[Any, Depends(depends or nothing)]
    ) -> None:
        for task in tasks:
            wanted.add_task(task)

    with record(app) as recorder, TestClient(app) as client:
        assert client.get("/").status_code == 200
        return recorder.last


def logged(made: Recording) -> dict[str, list[str]]:
    """Give the messages by the name of the function."""
    return {
        life.lane.name: [event.note for event in life.logged]
        for life in made.lives
        if life.logged
    }


def test_a_task_that_swallowed_its_error_does_not_look_like_a_success(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What it logged stands beside its bar, and whole in the tooltip."""
    made = asked(swallows)
    said = "ERROR could not store: disk is full"
    assert logged(made) == {"swallows": [said]}
    assert f"▲ {said}" in terminal(made)
    assert svg(made).count(said) > 2  # beside the bar, tooltip, description
    assert f"swallows logged {said}" in made.steps
    assert made.order[-1] == "swallows ended"
    assert caplog.messages == ["could not store: disk is full"]
    assert Recording.from_json(made.to_json()) == made


def test_a_long_message_is_short_in_the_picture_and_whole_in_the_tooltip() -> (
    None
):
    """One that is very long keeps its beginning."""

    def talks() -> None:
        logger.warning("%sz", "x" * 300)

    made = asked(talks)
    assert "x" * 300 + "z" in svg(made)
    assert "x" * 51 + "…" in svg(made)
    assert max(map(len, terminal(made).splitlines())) < 80


def test_what_is_below_a_warning_is_not_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """However it reaches the handlers."""
    caplog.set_level(logging.DEBUG)

    def talks() -> None:
        logger.info("fine")

    assert logged(asked(talks)) == {}
    assert "fine" in caplog.messages


def test_each_message_belongs_to_the_function_it_came_from() -> None:
    """However deep; in a dependency on a worker, or on the loop."""

    def warns() -> Iterator[None]:
        logger.warning("before")
        yield
        logger.warning("after")

    def deep(level: int = 20) -> None:
        if level:
            deep(level - 1)
        else:
            logger.critical("deep")

    async def on_the_loop() -> None:
        await asyncio.sleep(0)
        logger.error("odd", exc_info=ValueError())

    made = asked(deep, on_the_loop, depends=warns)
    assert logged(made) == {
        "warns": ["WARNING before", "WARNING after"],
        "deep": ["CRITICAL deep"],
        "on_the_loop": ["ERROR odd (ValueError)"],
    }


def test_what_logging_does_not_emit_is_not_shown() -> None:
    """Disabled as a whole, filtered out, or a logger that is switched off."""

    def talks() -> None:
        logger.warning("no")

    def refuse(_: logging.LogRecord) -> bool:
        return False

    logging.disable(logging.WARNING)
    try:
        assert logged(asked(talks)) == {}
    finally:
        logging.disable(logging.NOTSET)
    logger.addFilter(refuse)
    try:
        assert logged(asked(talks)) == {}
    finally:
        logger.removeFilter(refuse)
    logger.disabled = True
    try:
        assert logged(asked(talks)) == {}
    finally:
        logger.disabled = False


def test_a_logger_of_ones_own_class_is_heard() -> None:
    """Whether it hands on to logging's own, or not; each message once."""

    class Hands(logging.Logger):
        def callHandlers(self, record: Any) -> None:  # noqa: N802
            super().callHandlers(record)

    class Keeps(logging.Logger):
        def callHandlers(self, record: Any) -> None:  # noqa: N802
            """Give it to nobody."""

    before = logging.getLoggerClass()
    for number, kind in enumerate((Hands, Keeps)):
        logging.setLoggerClass(kind)
        mine = logging.getLogger(f"tests.own.{number}")
        logging.setLoggerClass(before)
        assert type(mine) is kind

        def talks(mine: logging.Logger = mine) -> None:
            mine.warning("own")

        assert logged(asked(talks)) == {"talks": ["WARNING own"]}


def test_logging_is_as_it_was() -> None:
    """No handler, no level, no filter, no class is changed, then or later."""

    def state() -> list[object]:
        root = logging.getLogger()
        return [
            *(list(root.handlers), root.level, list(root.filters)),
            *(list(logger.handlers), logger.level, logger.propagate),
            *(logging.getLoggerClass(), logging.getLogRecordFactory()),
            *(logging.root.manager.disable, dict(vars(logging.Logger))),
        ]

    during: list[object] = []
    before = state()
    asked(lambda: during.extend(state()))
    assert before == during == state()


def test_an_object_in_a_message_is_not_asked() -> None:
    """It is written as often as without a recorder: by the handlers."""
    asks = []

    class Shy:
        def __str__(self) -> str:
            asks.append("str")
            return "shy"

        __repr__ = __str__

    def talks() -> None:
        logger.warning("who: %s, %s, %d", Shy(), [Shy()], 3)

    heard = logging.NullHandler()
    logger.addHandler(heard)
    logger.propagate = False
    try:
        made = asked(talks)
    finally:
        logger.propagate = True
        logger.removeHandler(heard)
    assert logged(made) == {"talks": ["WARNING who: <Shy>, <list>, 3"]}
    assert asks == []


@pytest.mark.parametrize(
    ("template", "arguments", "text"),
    [
        ("%d items", ("many",), "WARNING %d items"),
        ("%(a)s", ({"a": 1},), "WARNING 1"),
        (OSError("full"), (), "WARNING full"),
        ("two\nlines", (), "WARNING two lines"),
        (7, (), "WARNING 7"),
    ],
)
def test_any_message_is_one_line(
    template: Any, arguments: Any, text: str
) -> None:
    """Also one that logging itself could not write."""
    level = logging.WARNING
    record = logging.LogRecord("x", level, "x", 1, template, arguments, None)
    assert line(record) == text


def test_what_is_logged_elsewhere_in_the_request_is_said() -> None:
    """A validator is no function of the picture."""

    def check(value: int) -> int:
        logger.warning("odd value")
        return value

    app = FastAPI()

    @app.get("/")
    async def ep(value: Annotated[int, AfterValidator(check)]) -> int:
        return value

    with record(app) as recorder, TestClient(app) as client:
        assert client.get("/?value=1").json() == 1
    said = "Logged outside of these functions: WARNING odd value"
    assert said in terminal(recorder.last)
    assert said in svg(recorder.last)
