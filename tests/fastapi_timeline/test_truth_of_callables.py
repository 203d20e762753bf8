"""The recorded order is the real one: whatever can be called."""

import asyncio
import functools
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from fastapi import Depends, FastAPI

from tests.fastapi_timeline.truth import Log, get


def test_classes_and_callable_objects_are_named_after_their_class(
    log: Log,
) -> None:
    """A class without Python code is drawn, though nobody saw it begin."""
    app = FastAPI()

    class Cls:
        def __init__(self, limit: int = 1) -> None:
            with log.around("Cls"):
                self.limit = limit

    class Empty:
        pass

    class Sync:
        def __call__(self) -> None:
            with log.around("Sync"):
                pass

    class Async:
        async def __call__(self) -> None:
            with log.around("Async"):
                await asyncio.sleep(0)

    class Gives:
        def __call__(self) -> Iterator[int]:
            log("Gives", "began")
            with log.held("Gives"):
                yield 1

    @app.get("/")
    def ep(
        _1: Annotated[Any, Depends(Cls)],
        _2: Annotated[Any, Depends(Empty)],
        _3: Annotated[Any, Depends(Sync())],
        _4: Annotated[Any, Depends(Async())],
        _5: Annotated[Any, Depends(Gives())],
    ) -> None:
        with log.around("ep"):
            pass

    log.agrees(app, verdicts={}, codeless=("Empty",))


def test_methods_and_partials_have_the_name_of_their_function(
    log: Log,
) -> None:
    """A method is named with its class, a partial without its arguments."""
    app = FastAPI()

    class M:
        def meth(self) -> None:
            with log.around("M.meth"):
                pass

        @classmethod
        def made(cls) -> None:
            with log.around("M.made"):
                pass

        @staticmethod
        def still() -> None:
            with log.around("still"):
                pass

    def base(_k: int, q: int = 1) -> None:
        with log.around("base"):
            assert q == 1

    @app.get("/")
    def ep(
        _1: Annotated[Any, Depends(M().meth)],
        _2: Annotated[Any, Depends(M.made)],
        _3: Annotated[Any, Depends(M.still)],
        _4: Annotated[Any, Depends(functools.partial(base, 1))],
    ) -> None:
        with log.around("ep"):
            pass

    log.agrees(app, get("/?_k=1"), verdicts={})


def passed_on(function: Callable[..., Any]) -> Any:
    """Decorate it as many decorators do."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


def test_two_functions_under_one_decorator_are_told_apart(log: Log) -> None:
    """Their wrappers share one code object: only the one due may begin."""
    app = FastAPI()
    one, two = passed_on(log.does("one")), passed_on(log.does("two"))

    @app.get("/")
    def ep(
        _1: Annotated[Any, Depends(one)], _2: Annotated[Any, Depends(two)]
    ) -> None:
        with log.around("ep"):
            pass

    log.agrees(app, verdicts={})


def test_a_decorated_generator_is_entered_and_left(log: Log) -> None:
    """The life worth watching is the generator's, inside or outside."""
    app = FastAPI()

    def handed_over(function: Callable[[], Iterator[int]]) -> Any:
        @functools.wraps(function)
        def wrapper() -> Iterator[int]:
            return (yield from function())

        return wrapper

    @handed_over
    def d() -> Iterator[int]:
        log("d", "began")
        with log.held("d"):
            yield 1

    @app.get("/")
    def ep(_: Annotated[Any, Depends(d)]) -> None:
        with log.around("ep"):
            pass

    log.agrees(app, verdicts={})
