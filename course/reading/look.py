"""How Markdown becomes HTML, and pictures become dark: in slides and site."""

from typing import Any

from fastapi_timeline.drawing import THEMES

EXTENSIONS = [
    "tables",
    "sane_lists",
    "md_in_html",
    "pymdownx.superfences",
    "pymdownx.highlight",
]
SETTINGS: dict[str, dict[str, Any]] = {}


def dark_pictures(within: str) -> str:
    """Return the style that turns light pictures dark.

    A picture's colours stand in attributes, which any style sheet overrules.
    """
    light, dark = THEMES["light"], THEMES["dark"]
    around = f"{within}.picture svg {{ background: {dark['paper']} }}\n"
    return around + "\n".join(
        f'{within}.picture [{part}="{light[name]}"] {{ {part}: {dark[name]} }}'
        for name in light
        for part in ("fill", "stroke")
    )
