"""What an exercise asks for, from its stub's docstring, as Markdown."""

import re
from collections.abc import Iterator

SECTION = re.compile(r"^(\w.*)\n( {4}.*\n(?:(?: {4}.*)?\n)*)", re.MULTILINE)
NAME = re.compile(r" *(\S.*?) {2,}(\S.*)")
ITEM = re.compile(r"(?:-|\d+\.) ")
FILE = re.compile(r"(?<![\w/])((?:stages|notebooks)/\w+\.(?:py|ipynb))")
RUN = re.compile(r"\b((?:\w+=\w+ )?python3 start\.py \w+(?: \d+)?)")


def instruction(docstring: str) -> tuple[list[str], str]:
    """Return its sections, and what it builds on: the last words."""
    rest = docstring.partition("\n")[2] + "\n"
    parts = []
    for title, text in SECTION.findall(rest):
        parts += [f"## {title}", *section(title, dedented(text))]
    last = SECTION.sub("", rest).strip()
    return parts, RUN.sub(r"`\1`", FILE.sub(r"[\1](../\1)", last))


def dedented(text: str) -> str:
    """Take the section's indentation away, and the blank lines around it."""
    return re.sub(r"^ {4}", "", text, flags=re.MULTILINE).strip("\n")


def section(title: str, text: str) -> Iterator[str]:
    """Return a section as Markdown: names as a table."""
    if title.startswith("Names"):
        yield from names(text)
    else:
        yield listed(text)


def names(text: str) -> Iterator[str]:
    """Return names and what they are as a table, and what follows it."""
    rows: list[tuple[str, str]] = []
    after: list[str] = []
    for line in text.splitlines():
        if after or not line.strip():
            after.append(line)
        elif found := NAME.fullmatch(line):
            rows.append((found[1], found[2]))
        elif line.startswith(" ") and rows:
            name, told = rows[-1]
            rows[-1] = (name, f"{told} {line.strip()}")
        else:
            after.append(line)
    lines = [f"| `{name}` | {cell(told)} |" for name, told in rows]
    yield "\n".join(["| name | what it is |", "|---|---|", *lines])
    if rest := "\n".join(after).strip():
        yield listed(rest)


def listed(text: str) -> str:
    """Set lists apart from the lines around them, as Markdown wants it."""
    lines: list[str] = []
    in_list = False
    for line in text.splitlines():
        item = bool(ITEM.match(line))
        if line and not line.startswith(" ") and item != in_list:
            lines.append("")
            in_list = item
        lines.append(line)
    return plain("\n".join(lines))


def cell(text: str) -> str:
    """Return a text that may stand in a table."""
    return plain(text).replace("|", "\\|")


def plain(text: str) -> str:
    """Keep signs of HTML as they are, outside of code."""
    parts = re.split(r"(`[^`]*`)", text)
    parts[::2] = [each.replace("<", "&lt;") for each in parts[::2]]
    return "".join(parts)
