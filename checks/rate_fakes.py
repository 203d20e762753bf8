"""Fakes for a rate limit: a clock, a bucket, and a task that remembers."""

from collections.abc import Iterator

from checks.asgi import Client


class Seconds:
    """A clock that tells seconds, and stands still until it is moved.

    Its times are sums of powers of two, which a float holds exactly.
    """

    def __init__(self, now: float = 64.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Tell the time."""
        return self.now

    def forward(self, seconds: float) -> None:
        """Move it; by less than nothing, it goes back."""
        self.now += seconds


class Bucket:
    """Says always the same: 0.0, or how long to wait."""

    def __init__(self, wait: float = 0.0) -> None:
        self.wait = wait
        self.asked: list[int] = []  # for how many tokens, each time

    def try_take(self, tokens: int = 1) -> float:
        """Remember that it was asked, and answer."""
        self.asked.append(tokens)
        return self.wait


class Sent:
    """A task that sends nothing, and remembers each message.

    `after` has how many responses were complete at each call.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.calls: list[tuple[str, str]] = []
        self.after: list[int] = []

    def __call__(self, email: str, message: str) -> None:
        """Remember the call."""
        self.after.append(self.client.responses)
        self.calls.append((email, message))

    async def awaited(self, email: str, message: str) -> None:
        """Do so as a coroutine function."""
        self(email, message)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Go through the calls."""
        return iter(self.calls)
