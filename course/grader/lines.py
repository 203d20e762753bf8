"""Lines of text for a terminal of 80 columns, or for none."""

import textwrap
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

WIDTH = 80
INDENT, LABEL = 4, 11
LONGEST = 12  # lines of one labelled text
PLAIN = str.maketrans(
    {"✓": "+", "✗": "x", "–": "-", "·": "|", "→": ">", "…": "~", "─": "-"}
)


def put(lines: Iterable[Text], console: Console) -> None:
    """Print them; what the terminal has no sign for becomes ASCII."""
    encoding = console.encoding
    for line in lines:
        if not encoding.lower().startswith("utf"):
            line.plain = line.plain.translate(PLAIN)
        line.plain = line.plain.encode(encoding, "replace").decode(encoding)
        console.print(line, soft_wrap=True, highlight=False)


def labelled(label: str, text: str) -> list[Text]:
    """Put a text beside its label, wrapped below itself."""
    room = WIDTH - INDENT - LABEL
    lines = [
        piece
        for line in printable(text).splitlines()
        for piece in textwrap.wrap(line, room) or [""]
    ]
    if len(lines) > LONGEST:
        lines[LONGEST - 1 :] = ["…"]
    margin = " " * INDENT
    return [
        Text(f"{margin}{'' if number else label:<{LABEL}}{line}")
        for number, line in enumerate(lines)
    ]


def wrapped(text: str, style: str = "", indent: int = 0) -> list[Text]:
    """Break a paragraph into lines."""
    return [
        Text(" " * indent + line, style)
        for line in textwrap.wrap(printable(text), WIDTH - 1 - indent)
    ]


def printable(text: str) -> str:
    """Let no answer move the cursor or colour the screen."""
    return "".join(
        each if each.isprintable() or each == "\n" else "�"
        for each in text.expandtabs(4).replace("\r\n", "\n")
    )
