"""Predict what happens when, before the course and after it.

python3 start.py quiz            five questions, before the course
python3 start.py quiz --after    five others about the same ideas

Each question shows a small application and some moments. Type the numbers of
the moments that happen, in their order: "2 1 3". Leave out a moment that never
happens. Then the application runs and shows the right order.
"""

import argparse
import inspect
import logging
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Response
from rich.console import Console
from rich.syntax import Syntax
from starlette.background import BackgroundTask

from course.lesson import send, start_afresh


def first_task() -> None: ...


def second_task() -> None: ...


def failing_task() -> None:
    raise ConnectionError("the mail server is down")


def response_first(app: FastAPI) -> None:
    @app.post("/")
    def order(tasks: BackgroundTasks) -> None:
        tasks.add_task(first_task)


def parentheses(app: FastAPI) -> None:
    @app.post("/")
    def order(tasks: BackgroundTasks) -> None:
        tasks.add_task(first_task)
        second_task()


def an_error(app: FastAPI) -> None:
    @app.post("/")
    def order(tasks: BackgroundTasks) -> None:
        tasks.add_task(first_task)
        raise HTTPException(409, "sold out")


def a_failing_task(app: FastAPI) -> None:
    @app.post("/")
    def order(tasks: BackgroundTasks) -> None:
        tasks.add_task(failing_task)
        tasks.add_task(second_task)


def get_session() -> Iterator[None]:
    yield  # what stands below runs when the dependency is left


def a_session(app: FastAPI) -> None:
    @app.post("/")
    def order(
        tasks: BackgroundTasks,
        session: Annotated[None, Depends(get_session)],
    ) -> None:
        tasks.add_task(first_task)


def two_tasks(app: FastAPI) -> None:
    @app.post("/")
    def order(tasks: BackgroundTasks) -> None:
        tasks.add_task(second_task)
        tasks.add_task(first_task)


def get_task() -> Callable[[], None]:
    return first_task


def a_provider(app: FastAPI) -> None:
    @app.post("/")
    def order(
        tasks: BackgroundTasks,
        task: Annotated[Callable[[], None], Depends(get_task)],
    ) -> None:
        tasks.add_task(task)


def own_response(app: FastAPI) -> None:
    @app.post("/")
    def order(tasks: BackgroundTasks) -> Response:
        tasks.add_task(first_task)
        return Response(background=BackgroundTask(second_task))


def a_returned_error(app: FastAPI) -> None:
    @app.post("/")
    def order(tasks: BackgroundTasks, response: Response) -> None:
        tasks.add_task(first_task)
        response.status_code = 409


def get_adder(tasks: BackgroundTasks) -> Iterator[None]:
    tasks.add_task(first_task)
    yield
    tasks.add_task(second_task)


def added_by_a_dependency(app: FastAPI) -> None:
    @app.post("/", dependencies=[Depends(get_adder)])
    def order() -> None: ...


@dataclass(frozen=True)
class Question:
    """A function that makes an application, and what may happen in it."""

    make: Callable[[FastAPI], None]
    moments: tuple[str, ...]
    shown: tuple[Callable[..., object], ...] = ()  # what it uses

    @property
    def code(self) -> str:
        """What the reader sees."""
        used = [f"{inspect.getsource(each)}\n" for each in self.shown]
        _, _, endpoint = inspect.getsource(self.make).partition("\n")
        parts = ["app = FastAPI()\n\n", *used, textwrap.dedent(endpoint)]
        return "\n".join(parts)

    def answer(self) -> list[int]:
        """Run it; return the numbers of what happened, in order."""
        app = FastAPI()
        self.make(app)
        happened = [
            moment
            for moment in send(app, "POST", "/").order
            if moment in self.moments
        ]
        return [self.moments.index(moment) + 1 for moment in happened]


SENT, FIRST, SECOND = "response sent", "first_task began", "second_task began"
BEFORE: tuple[Question, ...] = (
    Question(response_first, (FIRST, "order ended", SENT)),
    Question(parentheses, (FIRST, "order ended", SENT)),
    Question(an_error, (FIRST, SENT)),
    Question(a_failing_task, (SENT, SECOND), (failing_task,)),
    Question(a_session, ("get_session left", FIRST, SENT), (get_session,)),
)
AFTER: tuple[Question, ...] = (
    Question(two_tasks, (FIRST, SENT, SECOND)),
    Question(
        a_provider,
        ("order began", FIRST, "get_task called", SENT),
        (get_task,),
    ),
    Question(own_response, (FIRST, SECOND, SENT)),
    Question(a_returned_error, (FIRST, SENT)),
    Question(
        added_by_a_dependency,
        (SECOND, FIRST, SENT, "get_adder left"),
        (get_adder,),
    ),
)


def numbers(text: str) -> list[int]:
    """Read "2 1 3", "2,1,3" or "213"."""
    return [int(sign) for sign in text if sign.isdigit()]


def guessed(question: Question, read: Callable[[str], str]) -> list[int]:
    """Read a guess; ask again if it names a moment that is not listed."""
    last = len(question.moments)
    prompt = "What happens, in which order? "
    while True:
        guess = numbers(read(prompt))
        if guess and max(guess) <= last and len(set(guess)) == len(guess):
            return guess
        prompt = f"Type some of the numbers 1 to {last}, each once: "


def ask(
    questions: tuple[Question, ...],
    console: Console,
    read: Callable[[str], str] = input,
) -> int:
    """Ask all of them, run each, and return how many were right."""
    right = 0
    for number, question in enumerate(questions, 1):
        console.rule(f"{number} of {len(questions)}")
        code = Syntax(question.code, "python", background_color="default")
        console.print(code)
        for place, moment in enumerate(question.moments, 1):
            console.print(f"  {place}  {moment}")
        guess = guessed(question, read)
        answer = question.answer()
        right += guess == answer
        said = " → ".join(question.moments[n - 1] for n in answer)
        sign = "✓" if guess == answer else "✗"
        console.print(f"{sign} {said}")
    console.print(f"{right} of {len(questions)} right")
    return right


def main() -> int:
    """Ask, in a terminal."""
    parser = argparse.ArgumentParser(
        "python3 start.py quiz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--after", action="store_true")
    chosen = AFTER if parser.parse_args().after else BEFORE
    logging.disable()  # a task that fails on purpose
    start_afresh()
    print(__doc__.rpartition("\n\n")[2])
    try:
        ask(chosen, Console(highlight=False))
    except EOFError:  # Ctrl-D
        print("\nstopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
