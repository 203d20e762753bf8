"""Fakes for a mail server, a pause and the dead letters."""

import smtplib
import threading
import warnings
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import httpx2

from checks.asgi import Client
from checks.expect import UnmetError

Reply = tuple[int, bytes]
Said = Exception | Reply | None


class FakeTransport:
    """A transport with a mail server behind it, whose replies you choose.

    `says[address]` is what it says to the tries for an address, one after
    the other; the last is said for ever. None takes the mail, a reply
    refuses the address, an exception is raised for the whole message. As
    smtplib does it raises SMTPRecipientsRefused when all are refused. Who is
    not in `says` is served.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.says: dict[str, list[Said]] = {}
        self.messages: list[object] = []  # of each try
        self.tries: list[list[str]] = []  # and its recipients
        self.after: list[int] = []  # so many responses were complete
        self.served: list[str] = []
        self.before_each: Callable[[], object] = lambda: None
        self._lock = threading.Lock()

    def __call__(
        self, message: object, recipients: list[str]
    ) -> dict[str, Reply]:
        """Remember the try; serve, refuse or raise."""
        with self._lock:
            self.after.append(self.client.responses)
            self.messages.append(message)
            self.tries.append([*recipients])
        self.before_each()
        with self._lock:
            said = {who: self._next(who) for who in recipients}
            for each in said.values():
                if isinstance(each, Exception):
                    raise each
            refused = {w: e for w, e in said.items() if isinstance(e, tuple)}
            if refused and len(refused) == len(said):
                raise smtplib.SMTPRecipientsRefused(refused)
            self.served += [who for who in recipients if who not in refused]
            return refused

    def _next(self, who: str) -> Said:
        left = self.says.get(who, [None])
        return left.pop(0) if len(left) > 1 else left[0]

    def tries_for(self, who: str) -> int:
        """Count the tries that he was in."""
        return sum(who in each for each in self.tries)


class Nothing(Coroutine[Any, Any, None]):
    """May be awaited, and is over at once; may be left alone as well."""

    def __await__(self) -> Any:
        """Have nothing to wait for."""
        return iter(())

    def send(self, value: object) -> None:  # noqa: ARG002
        """Be over."""
        raise StopIteration

    def throw(self, *error: Any) -> None:
        """Let an error through."""
        raise error[0]

    def close(self) -> None:
        """Have nothing to close."""


class Pauses(list[float]):
    """A `sleep` that keeps the seconds and does not sleep."""

    def __hash__(self) -> int:  # type: ignore[override]
        """Be itself, whatever it contains."""
        return id(self)

    def __call__(self, seconds: float) -> Nothing:
        """Remember it."""
        self.append(seconds)
        return Nothing()


class DeadLetters:
    """Has `append`, and no more."""

    def __init__(self) -> None:
        self.kept: list[Any] = []

    def append(self, letter: Any) -> None:
        """Keep it."""
        self.kept.append(letter)


class Office:
    """An answer's application, with all that it needs replaced by fakes."""

    def __init__(self, answer: ModuleType, client: Client) -> None:
        self.answer, self.client = answer, client
        self.transport = FakeTransport(client)
        self.real_transport: Callable[..., Any] | None = None
        self.pauses, self.letters = Pauses(), DeadLetters()
        self.keeps_sleep = False  # the answer's own, and no fake
        self.set_policy()
        self._open = False

    def set_policy(
        self,
        attempts: int = 5,
        base_delay: float = 0.01,
        max_delay: float = 60,
        jitter: float = 0,
    ) -> None:
        """Choose what the next message is sent with."""
        self._policy = {
            "attempts": attempts,
            "base_delay": base_delay,
            "max_delay": max_delay,
            "jitter": jitter,
        }

    @property
    def policy(self) -> Any:
        """The policy, as the answer's own RetryPolicy."""
        return self.answer.RetryPolicy(**self._policy)

    def content(self, *recipients: str) -> dict[str, Any]:
        """Write a message."""
        return {
            "subject": "Order 4711 is on its way",
            "body": "It will be there tomorrow.",
            "recipients": list(recipients),
        }

    def post(self, content: dict[str, Any]) -> httpx2.Response:
        """Post it; the task goes on."""
        if not self._open:
            self._open = True
            self._replace()
        return self.client.post("/send-email/", json=content)

    def _replace(self) -> None:
        """Give the answer the fakes; the picture of a request names these."""

        def get_transport() -> Any:
            return self.real_transport or self.transport

        def get_policy() -> Any:
            return self.policy

        def get_sleep() -> Pauses:
            return self.pauses

        def get_dead_letters() -> DeadLetters:
            return self.letters

        fakes = [get_transport, get_policy, get_dead_letters]
        if not self.keeps_sleep:
            fakes.append(get_sleep)
        for fake in fakes:
            key = getattr(self.answer, fake.__name__)
            self.answer.app.dependency_overrides[key] = fake

    def send(self, *recipients: str) -> None:
        """Post a message to these, and wait until its task is done."""
        response = self.post(self.content(*recipients))
        assert response.status_code == 202
        self.finish()

    def finish(self) -> None:
        """Wait for all tasks; one that raised has left a dead letter."""
        self.client.finish()
        if self.client.errors and not self.letters.kept:
            error = self.client.errors[-1]
            raise UnmetError(
                "send_with_retry does not raise, whatever the transport does",
                f"the task ended in {type(error).__name__}: {error}",
            ) from error

    @property
    def paused(self) -> list[float]:
        """The pauses in seconds, without what floats add to a sum."""
        return [round(seconds, 6) for seconds in self.pauses]

    @property
    def unserved(self) -> dict[str, str]:
        """Who is in the dead letters, and why."""
        return {
            who: letter.reason
            for letter in self.letters.kept
            for who in letter.recipients
        }


@contextmanager
def never_awaited() -> Iterator[list[str]]:
    """Collect what Python says of coroutines that nobody awaited."""
    said: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield said
    texts = [str(each.message) for each in caught]
    said += [text for text in texts if "never awaited" in text]
