"""The six applications of exercise 6, as its checks run them.

Exercise and solution have the same text, but for this docstring.
"""

from collections.abc import Callable, Iterator

from fastapi import BackgroundTasks, Depends, FastAPI, Response
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask
from starlette.types import Message, Receive, Scope, Send

Note = Callable[[str], object]  # is called with the name of each event


class Watched(FastAPI):
    """An application that also notes the events that its server sees."""

    def __init__(self, note: Note) -> None:
        super().__init__()
        self.note = note

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Serve a request, and note its beginning and its end."""

        async def noting(message: Message) -> None:
            kind, more = message["type"], message.get("more_body", False)
            if kind == "http.response.start":
                self.note("response starts")
            elif kind == "http.response.body" and not more:
                self.note("response ends")
            await send(message)

        try:
            await super().__call__(scope, receive, noting)
        except Exception:
            self.note("server gets the error")
            raise


def yield_dependency(note: Note) -> FastAPI:
    """Make an application with a `yield` dependency and a task."""
    app = Watched(note)

    def dependency() -> Iterator[None]:
        note("dependency enters")
        yield
        note("dependency leaves")

    def task() -> None:
        note("task runs")

    @app.post("/", dependencies=[Depends(dependency)])
    def endpoint(tasks: BackgroundTasks) -> None:
        note("endpoint runs")
        tasks.add_task(task)

    return app


def first_task_fails(note: Note) -> FastAPI:
    """Make an application with two tasks; its dependency re-raises."""
    app = Watched(note)

    def dependency() -> Iterator[None]:
        note("dependency enters")
        try:
            yield
        except ValueError:
            note("dependency catches the error")
            raise
        note("dependency leaves")

    def first_task() -> None:
        note("first task fails")
        raise ValueError

    def second_task() -> None:
        note("second task runs")

    @app.post("/", dependencies=[Depends(dependency)])
    def endpoint(tasks: BackgroundTasks) -> None:
        note("endpoint runs")
        tasks.add_task(first_task)
        tasks.add_task(second_task)

    return app


def function_scope(note: Note) -> FastAPI:
    """Make the same as yield_dependency; only the scope is different."""
    app = Watched(note)

    def dependency() -> Iterator[None]:
        note("dependency enters")
        yield
        note("dependency leaves")

    def task() -> None:
        note("task runs")

    @app.post("/", dependencies=[Depends(dependency, scope="function")])
    def endpoint(tasks: BackgroundTasks) -> None:
        note("endpoint runs")
        tasks.add_task(task)

    return app


def own_response(note: Note) -> FastAPI:
    """Make an application that adds a task; its response has another."""
    app = Watched(note)

    def own_task() -> None:
        note("own task runs")

    def injected_task() -> None:
        note("injected task runs")

    @app.post("/")
    def endpoint(tasks: BackgroundTasks) -> Response:
        note("endpoint runs")
        tasks.add_task(injected_task)
        return Response("done", background=BackgroundTask(own_task))

    return app


def streaming(note: Note) -> FastAPI:
    """Make an application that streams two chunks and adds a task."""
    app = Watched(note)

    def chunks() -> Iterator[str]:
        note("first chunk is made")
        yield "one"
        note("second chunk is made")
        yield "two"

    def task() -> None:
        note("task runs")

    @app.post("/")
    def endpoint(tasks: BackgroundTasks) -> StreamingResponse:
        note("endpoint runs")
        tasks.add_task(task)
        return StreamingResponse(chunks())

    return app


def dependency_adds_tasks(note: Note) -> FastAPI:
    """Make an application; its dependency adds two tasks, around `yield`."""
    app = Watched(note)

    def early_task() -> None:
        note("early task runs")

    def late_task() -> None:
        note("late task runs")

    def dependency(tasks: BackgroundTasks) -> Iterator[None]:
        note("dependency enters")
        tasks.add_task(early_task)
        yield
        note("dependency leaves")
        tasks.add_task(late_task)

    @app.post("/", dependencies=[Depends(dependency)])
    def endpoint() -> None:
        note("endpoint runs")

    return app


APPS = {
    "yield_dependency": yield_dependency,
    "first_task_fails": first_task_fails,
    "function_scope": function_scope,
    "own_response": own_response,
    "streaming": streaming,
    "dependency_adds_tasks": dependency_adds_tasks,
}

# All possible events, in alphabetical order. Some of them do not happen.
EVENTS = {
    "yield_dependency": [
        "dependency enters",
        "dependency leaves",
        "endpoint runs",
        "response ends",
        "response starts",
        "server gets the error",
        "task runs",
    ],
    "first_task_fails": [
        "dependency catches the error",
        "dependency enters",
        "dependency leaves",
        "endpoint runs",
        "first task fails",
        "response ends",
        "response starts",
        "second task runs",
        "server gets the error",
    ],
    "function_scope": [
        "dependency enters",
        "dependency leaves",
        "endpoint runs",
        "response ends",
        "response starts",
        "server gets the error",
        "task runs",
    ],
    "own_response": [
        "endpoint runs",
        "injected task runs",
        "own task runs",
        "response ends",
        "response starts",
        "server gets the error",
    ],
    "streaming": [
        "endpoint runs",
        "first chunk is made",
        "response ends",
        "response starts",
        "second chunk is made",
        "server gets the error",
        "task runs",
    ],
    "dependency_adds_tasks": [
        "dependency enters",
        "dependency leaves",
        "early task runs",
        "endpoint runs",
        "late task runs",
        "response ends",
        "response starts",
        "server gets the error",
    ],
}
