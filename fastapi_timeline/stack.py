"""Two or more recordings in one SVG, one below the other."""

import re
from collections.abc import Sequence
from itertools import pairwise

from .comparison import changed_lanes, differences
from .drawing import Drawing, folded, safe
from .model import Recording
from .picture import PAD, SMALL, WIDTH, svg

GAP = 12


def stacked(
    recordings: Sequence[Recording],
    notes: Sequence[str] = (),
    theme: str = "light",
) -> str:
    """Lay them one below the other, an `<svg>`; what differs is marked "≠".

    Each is compared with the one above it; `notes` stand beside the titles.
    A ValueError says that there are not two.
    """
    if len(recordings) < 2:  # noqa: PLR2004 (one has nothing beside it)
        message = "Comparing needs two recordings or more."
        raise ValueError(message)
    draw = Drawing(theme)
    found = [differences(one, two) for one, two in pairwise(recordings)]
    y, said = 0.0, []
    for number, recording in enumerate(recordings):
        around = [*found[max(number - 1, 0) : number + 1]]
        marked = set().union(*(changed_lanes(f, recording) for f in around))
        note = notes[number] if number < len(notes) else ""
        picture = svg(recording, theme, note, marked)
        box = re.search(r'viewBox="0 0 \d+ (\d+)"', picture)
        height = float(box[1]) if box else 0.0
        inner = f'<svg y="{y:.0f}" height="{height:.0f}" '
        picture = picture.replace("<svg ", inner, 1)
        picture = picture.replace('tabindex="0" ', "", 1)
        draw.add(picture.replace('width="100%"', f'width="{WIDTH}"', 1))
        y += height + 6
        if number < len(found):
            y = _between(draw, [str(d) for d in found[number]], y)
            said += [f"{note}: {d}" if note else str(d) for d in found[number]]
    words = "; ".join(said) or "All happened in the same order."
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="100%"'
        f' viewBox="0 0 {WIDTH} {y:.0f}" role="group" tabindex="0"'
        f' aria-label="Compared. {safe(words)}">'
        f'<rect width="{WIDTH}" height="{y:.0f}" rx="10"'
        f' fill="{draw.colour["paper"]}"/>' + "".join(draw.parts) + "</svg>"
    )


def _between(draw: Drawing, found: list[str], y: float) -> float:
    """Write what differs between one picture and the next."""
    lines = found or ["the same order"]
    for text in lines:
        sign = "≠ " if found else "= "
        for line in folded(sign + text, WIDTH - 2 * PAD, SMALL):
            y += 16
            colour = "error" if found else "soft"
            draw.text((PAD, y), line, colour, size=f"{SMALL}")
    return y + GAP
