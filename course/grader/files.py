"""Write files whole or not at all, keep what is replaced, leave nothing."""

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import count, islice
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

SHOWN = 1 << 14  # bytes of a text file that are read


def keep(file: Path, folder: Path) -> Path:
    """Copy it, under a name that no other copy has; return where."""
    folder.mkdir(exist_ok=True)
    text = file.read_bytes()
    dated = f"{file.stem}.{datetime.now().astimezone():%Y-%m-%d.%H%M%S}"
    for number in count(1):
        more = f"-{number}" if number > 1 else ""
        copy = folder / f"{dated}{more}{file.suffix}"
        try:
            copy.touch(exist_ok=False)
        except FileExistsError:
            continue
        try:
            copy.write_bytes(text)
        except BaseException:
            copy.unlink()  # no half a copy
            raise
        break
    return copy


def replace(file: Path, text: bytes) -> None:
    """Write it whole or not at all, whatever happens meanwhile."""
    if file.exists() and not file.is_file():  # a pipe, a terminal
        file.write_bytes(text)
        return
    handle, name = tempfile.mkstemp(".new", f".{file.name}.", file.parent)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(text)
        Path(name).chmod(file.stat().st_mode if file.exists() else 0o644)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Wait until no other process has this lock; let go of it afterwards."""
    with file.open("wb") as opened:
        if sys.platform == "win32":
            msvcrt.locking(opened.fileno(), msvcrt.LK_LOCK, 1)
        else:
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield


def head(file: Path) -> str:
    """Return the beginning of a text file; nothing, if there is none."""
    try:
        with file.open("rb") as opened:
            return opened.read(SHOWN).decode("utf-8", "replace")
    except OSError:
        return ""


def size(file: Path) -> int:
    """Return how long a file is; 0 if there is none."""
    try:
        return file.stat().st_size
    except OSError:
        return 0


def room_problem(folder: Path) -> str:
    """Say why nothing can be written there; nothing, if it can."""
    file = folder / f"room-{secrets.token_hex(4)}"
    try:
        file.write_bytes(bytes(1 << 16))
        file.unlink()
    except OSError as error:
        return f"The temporary folder cannot be used: {error}"
    return ""


def remove(folder: Path, most: int | None = None) -> None:
    """Remove a folder however deep it is, and whatever may not be read.

    Each folder inside is lifted to the top first: no path gets long. It
    looks into so many of them at `most`.
    """
    lifted, mark = [folder], secrets.token_hex(8)
    for each in islice(lifted, most):  # it grows
        with suppress(OSError):
            each.chmod(0o700)
            for entry in list(os.scandir(each)):
                place = folder / f"{mark}-{len(lifted)}"
                if _lift_or_unlink(entry, place):
                    lifted.append(place)
    for each in reversed(lifted):
        with suppress(OSError):
            each.rmdir()


def _lift_or_unlink(entry: os.DirEntry[str], place: Path) -> bool:
    path = Path(entry.path)
    with suppress(OSError):
        if entry.is_dir(follow_symlinks=False):
            path.chmod(0o700)
            path.rename(place)
            return True
        path.unlink()
    return False
