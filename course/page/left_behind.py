"""What tasks left behind: lines in files, e-mail, rows of the database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course.mailbox import Mail

KINDS = ("*.txt", "*.log")
LINES = 6
BYTES = 4096


@dataclass(frozen=True)
class Text:
    """The end of a file that a task writes to."""

    name: str
    lines: Sequence[str]


@dataclass(frozen=True)
class LeftBehind:
    """All that can be seen of the last tasks."""

    texts: Sequence[Text] = ()
    mails: Sequence[Mail] = ()
    rows: Sequence[dict[str, Any]] = ()

    def __bool__(self) -> bool:
        return bool(self.texts or self.mails or self.rows)


@dataclass
class Files:
    """The text files of a folder, from where they ended at the start."""

    folder: Path
    ended: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Remember how long they are: what is older is of another day."""
        for file in self.found():
            self.ended[file.name] = file.stat().st_size

    def found(self) -> list[Path]:
        """Return those that are there; our own logs are not meant."""
        files = [file for kind in KINDS for file in self.folder.glob(kind)]
        ours = ("page_", "worker")
        return sorted(
            file
            for file in files
            if file.is_file() and not file.name.startswith(ours)
        )

    def texts(self) -> list[Text]:
        """Return the last lines that are new in each."""
        found = []
        for file in self.found():
            with file.open("rb") as opened:
                size = opened.seek(0, 2)
                begin = min(self.ended.get(file.name, 0), size)
                opened.seek(max(begin, size - BYTES))
                text = opened.read().decode("utf-8", "replace")
            if lines := text.splitlines()[-LINES:]:
                found.append(Text(file.name, lines))
        return found
