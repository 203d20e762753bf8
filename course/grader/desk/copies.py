"""Keep a dated copy before anything is overwritten."""

import os
import tempfile
from datetime import datetime
from itertools import count
from pathlib import Path


def keep(file: Path, folder: Path) -> Path:
    """Copy it, under a name that no other copy has; return where."""
    folder.mkdir(exist_ok=True)
    text = file.read_bytes()
    now = datetime.now().astimezone()
    dated = f"{file.stem}.{now:%Y-%m-%d.%H%M%S}"
    for number in count(1):
        more = f"-{number}" if number > 1 else ""
        copy = folder / f"{dated}{more}{file.suffix}"
        try:
            with copy.open("xb") as opened:
                opened.write(text)
        except FileExistsError:
            continue
        break
    return copy


def replace(file: Path, text: bytes) -> None:
    """Write it whole or not at all, whatever happens meanwhile."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(text)
        if file.exists():
            Path(name).chmod(file.stat().st_mode)
        else:
            Path(name).chmod(0o644)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
