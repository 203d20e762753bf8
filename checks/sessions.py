"""A database whose sessions remember, and work that writes to it.

How many responses were complete tells a request's session from a task's:
what was made before the response belongs to the request.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from starlette.background import BackgroundTask

from checks.asgi import Client
from checks.fakes import HOLD

FIELDS = ["id", "task_name", "status", "created_at", "completed_at", "error"]
BUSY = 2  # seconds that SQLite waits for another session's lock


class Base(orm.DeclarativeBase):
    """What the work of the checks writes; the answer doesn't know of it."""


class Note(Base):
    """What a task has written; without a text the flush breaks."""

    __tablename__ = "notes_of_the_checks"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    text: orm.Mapped[str]


class Session(orm.Session):
    """Remembers when it was made, when it was used, and if it is closed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        database: Database = self.info["database"]
        self.info["session"] = self  # to be known behind a scoped_session
        self.made = database.client.responses
        self.used: list[int] = []  # responses, at each statement
        self.is_closed = False
        database.sessions.append(self)

    def close(self) -> None:
        """Close, and remember it."""
        super().close()
        self.is_closed = True

    def reset(self) -> None:
        """Close, in other words."""
        super().reset()
        self.is_closed = True


class Database:
    """A fresh SQLite file, and the session factory an answer is to use."""

    def __init__(self, client: Client, answer: ModuleType, file: Path) -> None:
        self.client, self.log = client, answer.TaskLog
        self.sessions: list[Session] = []
        options = {"connect_args": {"timeout": BUSY}}
        self.engine = sa.create_engine(f"sqlite:///{file}", **options)
        self.reader = sa.create_engine(f"sqlite:///{file}", **options)
        self.factory = orm.sessionmaker(
            self.engine,
            class_=Session,
            expire_on_commit=False,
            info={"database": self},
        )
        sa.event.listen(self.engine, "connect", _hurry)
        self.log.metadata.create_all(self.engine)
        Base.metadata.create_all(self.engine)
        sa.event.listen(self.factory, "after_begin", _belongs)
        sa.event.listen(self.engine, "checkin", _belongs_to_nobody)
        sa.event.listen(self.engine, "before_cursor_execute", self._used)

    def rows(self) -> list[dict[str, Any]]:
        """Read the committed rows of TaskLog, past the answer's sessions."""
        with orm.Session(self.reader) as session:
            found = session.scalars(sa.select(self.log).order_by(self.log.id))
            return [
                {each: getattr(row, each) for each in FIELDS} for row in found
            ]

    def notes(self) -> list[str]:
        """Read the rows that the tasks have written and committed."""
        with orm.Session(self.reader) as session:
            return list(session.scalars(sa.select(Note.text)))

    @property
    def used_too_late(self) -> list[str]:
        """The sessions that did not stay on their side of a response.

        It makes sense where one request follows the other.
        """
        return [
            f"made after {each.made} responses, used after {used}"
            for each in self.sessions
            for used in sorted(set(each.used) - {each.made})
        ]

    def close(self) -> None:
        """Close the file."""
        self.engine.dispose()
        self.reader.dispose()

    def _used(self, connection: sa.Connection, *_: object) -> None:
        session = connection.info.get("session")
        if session is not None:
            session.used.append(self.client.responses)
            session.is_closed = False  # one that was closed opens again


def _hurry(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")  # no power cut to fear


def _belongs(session: Session, _: object, connection: sa.Connection) -> None:
    connection.info["session"] = session


def _belongs_to_nobody(_: object, record: sa.pool.ConnectionPoolEntry) -> None:
    record.info.pop("session", None)


class Work:
    """Replaces a task's work with its session.

    Each call leaves the name in `names`, the session in `sessions`, and in
    `after` how many responses were complete; it writes a note of that name.
    With `breaks` it then writes another one that makes the flush fail;
    `raises` is raised at the end. `meanwhile` is called before it writes.
    `strange` counts sessions that are not the factory's of the checks.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.raises: Exception | None = None
        self.breaks = False
        self.names: list[str] = []
        self.after: list[int] = []
        self.sessions: list[Session] = []
        self.strange = 0
        self.on_the_loop = False  # did it hold up all other requests?
        self.meanwhile: Callable[[], object] = lambda: None
        self.when_sent: Callable[[], object] = lambda: None
        self._begun, self._go = threading.Event(), threading.Event()
        self._go.set()
        self._loop = 0  # the event loop's thread
        client.when_sent(self._sent)

    def run(self, session: Any, task_name: str, /) -> None:
        """Remember the call, work, and end as was asked for."""
        self.names.append(task_name)
        self.after.append(self.client.responses)
        self.on_the_loop |= threading.get_ident() == self._loop
        self._begun.set()
        info = getattr(session, "info", {})
        self.strange += "session" not in info
        self.sessions.append(info.get("session", session))
        if not self.on_the_loop:
            assert self._go.wait(HOLD), "nobody let this call go"
        self.meanwhile()
        session.add(Note(text=task_name))
        session.flush()
        if self.breaks:
            session.add(Note(text=None))
            session.flush()
        if self.raises is not None:
            raise self.raises

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make each call wait, before it writes, until this block ends."""
        self._go.clear()
        try:
            yield
        finally:
            self._go.set()

    def has_begun(self) -> bool:
        """Wait for a call, as long as the application works at all."""
        while not self._begun.wait(0.01):
            if not self.client.running:
                return self._begun.is_set()
        return True

    def _sent(self) -> None:
        self._loop = threading.get_ident()
        self.when_sent()


class Watched:
    """A task as the answer made it; `given` has its arguments."""

    def __init__(self, task: Any) -> None:
        self.task = task
        self.given: list[object] = []

    async def __call__(self, *args: Any, **kwargs: Any) -> None:
        """Remember the values, then run it as the application would."""
        self.given += [*args, *kwargs.values()]
        await BackgroundTask(self.task, *args, **kwargs)()

    def __getattr__(self, name: str) -> Any:
        """Give every other attribute of the answer's task."""
        return getattr(self.task, name)
