"""Take note of tasks in this process: published, begun, ended.

What an engine offers for that is used where it offers something; else the
method that publishes or runs a task is called from inside another function,
which calls it once, as it was called, and hands on what comes of it.
"""

import functools
import importlib
import inspect
import os
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar, Token
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from itertools import count
from pathlib import Path
from threading import get_ident
from time import perf_counter_ns
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from fastapi_timeline.watch import CURRENT

from .journal import Journal

FOLDER = "FASTAPI_TIMELINE_DIR"  # where this process and its children write
START = Path(__file__).parent / "start"
JOINED = "joined"  # an event of a recording: its note is the request's key
# The task that runs here: its engine and ID.
RUNNING: ContextVar[str] = ContextVar("timeline_task", default="")
# When a module has been imported, which function of engines.py follows it.
HOOKS = {
    "celery.signals": "celery",
    "rq.queue": "rq",
    "taskiq.kicker": "taskiq_sender",
    "taskiq.receiver.receiver": "taskiq_worker",
    "procrastinate.manager": "procrastinate_jobs",
    "procrastinate.worker": "procrastinate_worker",
    "dbos._core": "dbos",
    "sqlalchemy.engine": "sqlalchemy",
}
# What a run of a task is until it ends: when it began, and RUNNING's token.
Run = tuple[str, Token[str]]


class Follower:
    """Writes what the hooks of the engines see in this process."""

    def __init__(self, folder: Path) -> None:
        self.journal = Journal(folder)
        self.undo: list[Callable[[], object]] = []
        self.keys: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
        self.numbers = count()
        self.tables: set[str] = set()  # an engine's own: no news

    def request(self) -> str:
        """Name the request that runs here, if a recorder follows one."""
        live: Any = CURRENT.get()
        if live is None or live.closed:
            return ""
        if found := self.keys.get(live):
            return found
        new, at = uuid.uuid4().hex, perf_counter_ns()
        key = self.keys.setdefault(live, new)
        if key is new:  # else another thread was faster
            live.notes.append((at, JOINED, None, get_ident(), key, None))
            self.journal.write(at, "request", request=key)
        return key

    def published(
        self, at: int, engine: str, task: object, name: str, **more: Any
    ) -> None:
        """Note a message: when its publication began, and how it went."""
        parent, request = RUNNING.get(), self.request()
        origin = {"parent": parent} if parent else {"request": request}
        about = {"engine": engine, "task": f"{engine} {task}", "name": name}
        self.journal.write(at, "published", **about, **origin, **more)

    def began(
        self, engine: str, task: object, name: str, **more: Any
    ) -> Run | None:
        """Note that a worker begins a task; give what ends it."""
        run, at = f"{os.getpid()}-{next(self.numbers)}", perf_counter_ns()
        task = f"{engine} {task}"
        about = {"engine": engine, "task": task, "name": name, "run": run}
        self.journal.write(at, "began", **about, **more)
        return run, RUNNING.set(task)

    def ended(
        self, begun: Run | None, error: object = None, at: int = 0
    ) -> None:
        """Note that it ended, now or as said, and by which exception."""
        now = at or perf_counter_ns()
        if begun is None:
            return
        with suppress(ValueError):  # it ended in another context
            RUNNING.reset(begun[1])
        name = type(error).__name__ if error is not None else ""
        name = error if isinstance(error, str) else name
        self.journal.write(now, "ended", run=begun[0], error=name)

    def wrap(
        self,
        owner: Any,
        name: str,
        before: Callable[..., Any],
        after: Callable[[Any, Any, BaseException | None], object],
    ) -> None:
        """Let a method be called between these two, which it never feels.

        `before` is given its arguments, and `after` what that gave, the
        result, and the exception.
        """
        original = inspect.getattr_static(owner, name)
        self.replace(owner, name, between(original, before, after))

    def replace(self, owner: Any, name: str, around: Any) -> None:
        """Put a function around a method, until it is undone."""
        original = inspect.getattr_static(owner, name)
        setattr(owner, name, around)

        def undo() -> None:  # unless somebody else has changed it since
            if inspect.getattr_static(owner, name) is around:
                setattr(owner, name, original)

        self.undo.append(undo)

    def hook(self, module: str) -> None:
        """Follow an engine that is imported, or say why it cannot be."""
        try:
            engines = importlib.import_module(".engines", __package__)
            getattr(engines, HOOKS[module])(self)
        except Exception as exc:  # noqa: BLE001 (an engine changed inside)
            text = f"{module} is not followed ({exc!r})"
            with suppress(Exception):
                print(f"timeline: {text}", file=sys.stderr)


def safely(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a part of the recorder: what it raises is the picture's loss."""
    with suppress(Exception):
        return function(*args, **kwargs)
    return None


def between(
    original: Callable[..., Any],
    before: Callable[..., Any],
    after: Callable[[Any, Any, BaseException | None], object],
) -> Callable[..., Any]:
    """Make a function that calls another one as it was called."""
    if inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def acall(*args: Any, **kwargs: Any) -> Any:
            state = safely(before, *args, **kwargs)
            try:
                result = await original(*args, **kwargs)
            except BaseException as exc:
                safely(after, state, None, exc)
                raise
            safely(after, state, result, None)
            return result

        return acall

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        state = safely(before, *args, **kwargs)
        try:
            result = original(*args, **kwargs)
        except BaseException as exc:
            safely(after, state, None, exc)
            raise
        safely(after, state, result, None)
        return result

    return call


class Imports(MetaPathFinder):
    """Tells a follower of an engine when the process has imported it."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        self.wanted = set(HOOKS)

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Leave the search to the others; only look when it is done."""
        if name not in self.wanted:
            return None
        self.wanted.remove(name)
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if (
                find
                and finder is not self
                and (spec := find(name, path, target))
            ):
                if spec.loader is not None:
                    spec.loader = Told(spec.loader, self.follower)
                return spec  # type: ignore[no-any-return]
        return None


class Told(Loader):
    """A module's own loader; a follower hears when it is done."""

    def __init__(self, loader: Loader, follower: Follower) -> None:
        self.loader, self.follower = loader, follower

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Let the loader make it."""
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Let the loader run it, and be its loader from now on."""
        if module.__spec__ is not None:
            module.__spec__.loader = self.loader
        module.__loader__ = self.loader
        self.loader.exec_module(module)
        self.follower.hook(module.__name__)


def follow(folder: Path) -> Callable[[], None]:
    """Follow tasks in this process; calling what is returned ends it."""
    follower = Follower(folder.absolute())
    imports = Imports(follower)
    for module in HOOKS.keys() & sys.modules.keys():
        imports.wanted.remove(module)
        follower.hook(module)
    sys.meta_path.insert(0, imports)

    def stop() -> None:
        with suppress(ValueError):
            sys.meta_path.remove(imports)
        while follower.undo:
            safely(follower.undo.pop())
        follower.journal.over = True

    return stop


@contextmanager
def following(folder: Path) -> Iterator[None]:
    """Follow tasks in this process for as long as the block runs."""
    stop = follow(folder)
    try:
        yield
    finally:
        stop()


def environment(folder: Path) -> dict[str, str]:
    """Give the variables with which a Python that starts follows tasks."""
    paths = [str(START), os.environ.get("PYTHONPATH", "")]
    return {
        FOLDER: str(folder.absolute()),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
