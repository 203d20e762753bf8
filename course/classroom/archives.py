"""List what lies in a folder or an archive, and read it up to a limit.

Nothing is unpacked to a disk. A link, a device or a path out of its folder is
listed with the reason why it is not taken in, and never followed.
"""

import os
import re
import stat
import tarfile
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal

DEPTH = 12  # folders inside each other
ARCHIVE = re.compile(r"\.(zip|tar\.gz|tgz)$", re.IGNORECASE)
JUNK = {  # which nobody has written; and so is all that is hidden
    *("__MACOSX", "__pycache__", "node_modules", "site-packages"),
    *("Thumbs.db", "desktop.ini", "submission_metadata.yml"),  # Gradescope's
}
JOINS = "\u200c\u200d"  # in Persian words, and in emojis
UTF8 = 1 << 11  # the bit with which a .zip says how its names are written
ODD = "it is no plain file, or may not be read"
KINDS = {stat.S_IFREG: "", stat.S_IFDIR: "", stat.S_IFLNK: "it is a link"}
Parts = tuple[str, ...]
Open = Callable[[], Any]  # a file that reads bytes
Entry = tuple[str, int, Open]  # its path, its mode, and how to read it


@dataclass
class File:
    """A file; a folder is one without a name."""

    parts: Parts
    open: Open
    why_not: str = ""  # it is taken in
    data: bytes = b""

    @property
    def name(self) -> str:
        """Its name, without its folders."""
        return self.parts[-1]

    @property
    def shown(self) -> str:
        """Its path, fit to be shown."""
        return clean("/".join(self.parts)) or "the folder"


def clean(text: str, length: int = 100) -> str:
    """Make a text fit to be shown: no control characters, not too long."""
    text = unicodedata.normalize("NFC", text)  # macOS writes é as two
    shown = [c if c.isprintable() or c in JOINS else "�" for c in text]
    return "".join(shown[: length - 1] + ["…"] * (len(shown) >= length))


def read(open_: Open, limit: int) -> bytes:
    """Read a file as a whole, unless it is longer."""
    with open_() as opened:
        data: bytes = opened.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"it has over {limit >> 10:,} kB")
    return data


@contextmanager
def listed(path: Path) -> Iterator[list[File]]:
    """List a folder or an archive; its files can be read in the block."""
    if path.is_dir():
        yield _files(_in_folder(path))
    else:
        with path.open("rb") as opened, archive(path.name, opened) as files:
            yield files


@contextmanager
def archive(
    name: str, opened: IO[bytes], mode: Literal["r:", "r:gz"] = "r:gz"
) -> Iterator[list[File]]:
    """List an archive, which may lie in another one."""
    if name.lower().endswith(".zip"):
        with zipfile.ZipFile(opened) as zipped:
            yield _files(_in_zip(zipped))
    else:
        with tarfile.open(fileobj=opened, mode=mode) as tarred:
            yield _files(_in_tar(tarred))


def _in_folder(path: Path) -> Iterator[Entry]:
    for name, below, files in os.walk(path):
        below[:] = sorted(each for each in below if not _is_junk(each))
        for each in [*below, *sorted(files)]:
            file, mode = Path(name, each), 0
            with suppress(OSError):
                if os.access(file, os.R_OK) or file.is_symlink():
                    mode = file.lstat().st_mode
            end = "/" if each in below else ""
            shown = f"{file.relative_to(path)}{end}"
            yield shown, mode, partial(file.open, "rb")


def _in_zip(zipped: zipfile.ZipFile) -> Iterator[Entry]:
    for info in zipped.infolist():
        name = info.filename
        if not info.flag_bits & UTF8:
            with suppress(UnicodeError):  # macOS writes it, and sets no bit
                name = name.encode("cp437").decode()
        kind = stat.S_IFMT(info.external_attr >> 16) or stat.S_IFREG
        yield name, kind, partial(zipped.open, info)


def _in_tar(tarred: tarfile.TarFile) -> Iterator[Entry]:
    for info in tarred:
        kind, end = 0, "/" if info.isdir() else ""
        if info.isdir() or (info.isreg() and not info.issparse()):
            kind = stat.S_IFREG
        elif info.linkname:
            kind = stat.S_IFLNK
        yield info.name + end, kind, partial(tarred.extractfile, info)


def _files(entries: Iterable[Entry]) -> list[File]:
    """Leave out what is junk, and say what is not taken in."""
    files = []
    for name, mode, open_ in entries:
        path = PurePosixPath(name.replace("\\", "/"))
        parts, why_not = path.parts, KINDS.get(stat.S_IFMT(mode), ODD)
        if name.endswith(("/", "\\")):
            parts = (*parts, "")
        if path.is_absolute() or ".." in parts:
            parts, why_not = (), f"{clean(name)} leads out of it"
        elif len(parts) > DEPTH:
            parts, why_not = parts[:DEPTH], "it lies too deep"
        if not any(map(_is_junk, parts)) and parts != ("",):
            files.append(File(parts, open_, why_not))
    return files


def _is_junk(name: str) -> bool:
    return name.startswith(".") or name in JUNK
