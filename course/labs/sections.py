"""A document that several labs write: each has the parts it measures."""

from pathlib import Path

MARK = "\n## "


def put(document: Path, heading: str, text: str) -> None:
    """Write one part anew, "" for the first; the others stay."""
    parts = document.read_text("utf-8").split(MARK)
    if not heading:
        parts[0] = text
    else:
        names = [part.partition("\n")[0] for part in parts]
        part = f"{heading}\n\n{text}"
        if heading in names:
            parts[names.index(heading)] = part
        else:
            parts.append(part)
    document.write_text(MARK.join(p.rstrip() + "\n" for p in parts), "utf-8")
