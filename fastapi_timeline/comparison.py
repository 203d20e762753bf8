"""Two recordings side by side: what happened at another time, or not."""

from dataclasses import dataclass
from difflib import SequenceMatcher

from .model import Recording


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was: what it follows in each of the two.

    `before` and `after` name what came just ahead of it, "" at the very
    beginning; None where it did not happen at all.
    """

    what: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.after is None:
            return f"{self.what}: only before"
        if self.before is None:
            return f"{self.what}: only now"
        was, now = self._where(self.before), self._where(self.after)
        return f"{self.what}: {was}, now {now}"

    @staticmethod
    def _where(follows: str) -> str:
        return f"after {follows}" if follows else "first of all"


def differences(before: Recording, after: Recording) -> list[Difference]:
    """Tell what happened in another order, or in one of the two only.

    Durations are not looked at: they differ each time.
    """
    old, new = numbered(before.order), numbered(after.order)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    same = {
        old[block.a + step]
        for block in matcher.get_matching_blocks()
        for step in range(block.size)
    }
    changed = [key for key in old if key not in same]
    changed += [key for key in new if key not in same and key not in old]
    return [
        Difference(key[0], _ahead(old, key), _ahead(new, key))
        for key in changed
    ]


def changed_lanes(found: list[Difference], recording: Recording) -> set[str]:
    """Name the lanes that a picture marks as different."""
    names = {lane.name for lane in recording.lanes}
    return {
        name
        for name in names
        if any(f.what.startswith(f"{name} ") for f in found)
    }


def compare(before: Recording, after: Recording) -> str:
    """Say in words what differs, a line each."""
    found = differences(before, after)
    if not found:
        return "Both happened in the same order."
    return "\n".join(f"≠ {difference}" for difference in found)


Key = tuple[str, int]


def numbered(order: tuple[str, ...]) -> list[Key]:
    """Tell the second of two equal things from the first."""
    return [(what, order[:n].count(what)) for n, what in enumerate(order)]


def _ahead(keys: list[Key], key: Key) -> str | None:
    if key not in keys:
        return None
    at = keys.index(key)
    return keys[at - 1][0] if at else ""
