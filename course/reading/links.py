"""Links in Markdown: found outside of code, and led to where a page lies."""

import posixpath
import re
from collections.abc import Callable

FOUND = re.compile(
    r"^(?P<fence>`{3,}).*?^(?P=fence)$"
    r"|\[(?P<text>(?:[^][`]|`[^`]*`)*)\]\((?P<link>[^)\s]+)\)"
    r"|`[^`]*`",
    re.DOTALL | re.MULTILINE,
)
ELSEWHERE = ("https://", "http://", "mailto:", "#")

# Where the file at this path, from the root, is in what is built; nothing, if
# it is not there.
Led = Callable[[str], str | None]


def led(markdown: str, folder: str, to: Led) -> str:
    """Lead the links of a text in this folder; drop those without a target."""

    def one(match: re.Match[str]) -> str:
        text, link = match["text"], match["link"]
        if link is None or link.startswith(ELSEWHERE):
            return match[0]
        file, hash_, anchor = link.partition("#")
        target = to(posixpath.normpath(posixpath.join(folder, file)))
        return f"[{text}]({target}{hash_}{anchor})" if target else text

    return FOUND.sub(one, markdown)
