"""Look for phrases that are hard to read: words.toml says what to write.

python -m tests.words: only the standard library, so that `lint` can run it.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
LIST = Path(__file__).with_suffix(".toml")
READ = {".html", ".md", ".py", ".toml", ".txt"}  # what people read
UNREAD = ("locks/", "tests/words.toml", "tests/test_words.py")
# What may stand between two words: a line's end and a comment's or quotation's
# sign, the next part of a string, Markdown's marks for emphasis.
GAP = r"[\s#>|\"'`“”*_]+(?:f[\"']\s*)?"


def pattern(phrase: str) -> re.Pattern[str]:
    """Find it however its lines are broken."""
    words = map(re.escape, phrase.split())
    return re.compile(rf"\b{GAP.join(words)}\b", re.IGNORECASE)


def findings(text: str, better: dict[str, str]) -> Iterator[tuple[int, str]]:
    """Give the line of each phrase, and what to write there."""
    for phrase, instead in better.items():
        for match in pattern(phrase).finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield line, f'"{phrase}": write "{instead}"'


def texts() -> list[Path]:
    """Return every file under git that people read."""
    command = ["git", "ls-files", "-z"]
    listed = subprocess.check_output(command, cwd=ROOT, text=True)
    names = [name for name in listed.split("\0") if Path(name).suffix in READ]
    paths = [ROOT / name for name in names if not name.startswith(UNREAD)]
    return [path for path in paths if path.is_file()]


def main() -> int:
    """Print each finding; the exit code says whether there is one."""
    better = tomllib.loads(LIST.read_text("utf-8"))
    found = [
        f"{path.relative_to(ROOT).as_posix()}:{line}: {advice}"
        for path in texts()
        for line, advice in findings(path.read_text("utf-8"), better)
    ]
    sys.stdout.writelines(f"{line}\n" for line in found)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
