"""Where a moment stands on a picture's axis."""

from .model import Recording


class Scale:
    """Two scales, one on each side of "response sent".

    On a single one the milliseconds before it would be a hair's breadth
    beside a task of a second.
    """

    def __init__(self, recording: Recording, width: float) -> None:
        self.end, self.width = recording.end, width
        sent = recording.sent
        after = self.end - sent if sent is not None else 0
        self.split = sent if sent is not None and after * 50 > self.end else 0
        if sent is not None and self.split and sent * 50 < after:
            self.share = 0.5
        else:
            share = self.split / self.end
            self.share = min(max(share, 0.45), 0.6) if self.split else 1.0
        if not self.split:
            self.split = self.end

    @property
    def two(self) -> bool:
        """Whether the scale changes."""
        return self.split < self.end

    def __call__(self, at: int) -> float:
        """Give the place of a moment: 0 to width."""
        at = min(max(at, 0), self.end)
        left = self.width * self.share
        if at <= self.split:
            return left * at / self.split
        rest = (at - self.split) / (self.end - self.split)
        return left + (self.width - left) * rest
