"""Take in what a class has handed in, as Moodle, Canvas or a folder holds it.

Only plain Python files are read, into memory and up to a limit: a link, a
device, a path out of its folder or a bomb is reported, and never followed.
"""

import gzip
import io
import os
import re
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

SIZE = 1 << 18  # bytes of an answer
FILES = 100  # Python files of a submission
ENTRIES = 100_000  # files in all, whatever they are
DEPTH = 12  # folders inside each other
NESTED = 2  # archives inside each other
PACKED = 1 << 25  # bytes of an archive in an archive
UNPACKED = 1 << 28  # bytes that a .tar.gz unpacks to
ARCHIVE = re.compile(r"\.(zip|tar\.gz|tgz)$", re.IGNORECASE)
PYTHON = re.compile(r"\.py(\.txt)?$", re.IGNORECASE)  # browsers add .txt
MOODLE = re.compile(r"(.+?)_(\d+)_assignsubmission_(?:file|onlinetext)_?(.*)")
CANVAS = re.compile(r"([^_]+)_(?:(LATE)_)?(\d+)_\d+_(.+)")
VERSION = re.compile(r"(?:-(\d+)| ?\((\d+)\))?$")  # Canvas: -1, a browser: (1)
TITLE = re.compile(
    r"""(?:\s|\#.*\n)*[rRuU]?(?:\"{3}|'{3}|"|')\s*Exercise\s+(\d+)\s*:"""
)
NUMBER = re.compile(r"ex(?:ercise)?[ _-]*(\d+)(?!\d)", re.IGNORECASE)
LINK, ODD, IGNORED = "it is a link", "it is no plain file", "ignored"
Parts = tuple[str, ...]


@dataclass
class Found:
    """One file in what was handed in: its bytes, or why they are not read."""

    parts: Parts
    data: bytes = b""
    why_not: str = ""

    @property
    def shown(self) -> str:
        """Its path, fit to be shown."""
        return clean("/".join(self.parts))

    @property
    def stem(self) -> str:
        """Its name without what the platform or a browser has added."""
        return VERSION.sub("", PYTHON.sub("", self.parts[-1]))


@dataclass
class Submission:
    """What one student has handed in."""

    name: str
    number: str = ""  # the platform's, by which it takes grades
    late: bool = False
    answers: dict[str, bytes] = field(default_factory=dict)  # by exercise
    notes: list[str] = field(default_factory=list)


def clean(text: str, length: int = 100) -> str:
    """Make a name fit to be shown: no control characters, not too long."""
    shown = "".join(c if c.isprintable() else "�" for c in text)
    return shown if len(shown) <= length else shown[: length - 1] + "…"


def read(path: Path) -> Iterator[Found]:
    """Give all that lies in a folder or an archive."""
    if not path.is_dir():
        with path.open("rb") as opened:
            yield from _archive(opened, (path.name,), NESTED, whole=True)
        return
    for name, below, files in os.walk(path):
        folder = Path(name)
        above = folder.relative_to(path).parts
        links = [each for each in below if (folder / each).is_symlink()]
        if len(above) == DEPTH and below:
            yield Found((*above, below[0]), why_not="it lies too deep")
            below.clear()
        for file in [*files, *links]:
            parts = (*above, file)
            try:
                mode = (folder / file).lstat().st_mode
                if stat.S_ISREG(mode):
                    with (folder / file).open("rb") as opened:
                        yield from _file(opened, parts, NESTED)
                else:
                    why_not = LINK if stat.S_ISLNK(mode) else ODD
                    yield Found(parts, why_not=why_not)
            except OSError as error:
                yield Found(parts, why_not=f"{error.strerror}")


def _file(opened: IO[bytes], parts: Parts, nested: int) -> Iterator[Found]:
    """Read a Python file, or look into an archive; ignore all else."""
    if PYTHON.search(parts[-1]):
        data = opened.read(SIZE + 1)
        if len(data) <= SIZE:
            yield Found(parts, data)
        else:
            yield Found(parts, why_not=f"it has over {SIZE >> 10} kB")
    elif ARCHIVE.search(parts[-1]):
        yield from _archive(opened, parts, nested)
    else:
        yield Found(parts, why_not=IGNORED)


def _archive(
    opened: IO[bytes], above: Parts, nested: int, *, whole: bool = False
) -> Iterator[Found]:
    """Look into an archive, which may lie in another one."""
    try:
        if nested < NESTED:
            data = opened.read(PACKED + 1)
            opened = io.BytesIO(data)
            if not nested or len(data) > PACKED:
                yield Found(above, why_not="an archive too deep or too large")
                return
        way = _zip if above[-1].lower().endswith(".zip") else _tar
        for name, member, why_not in way(opened):
            inner = PurePosixPath(name.replace("\\", "/")).parts
            parts = inner if whole else (*above, *inner)
            if not inner or {"..", "/"} & {*inner} or len(inner) > DEPTH:
                bad = Found(above[:1] if whole else above)
                bad.why_not = f"{clean(name)} leads out of it, or too deep"
                yield bad
            elif member is None:
                yield Found(parts, why_not=why_not)
            else:
                yield from _file(member, parts, nested - 1)
    except Exception as error:  # noqa: BLE001 (damaged on purpose, perhaps)
        said = f"{type(error).__name__}: {error}"
        yield Found(above, why_not=clean(f"it can't be unpacked ({said})"))


def _zip(opened: IO[bytes]) -> Iterator[tuple[str, Any, str]]:
    with zipfile.ZipFile(opened) as archive:
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
                link = kind == stat.S_IFLNK
                yield info.filename, None, LINK if link else ODD
            elif info.flag_bits & 1:
                yield info.filename, None, "it needs a password"
            elif not info.is_dir():
                with archive.open(info) as member:
                    yield info.filename, member, ""


def _tar(opened: IO[bytes]) -> Iterator[tuple[str, Any, str]]:
    with gzip.open(opened) as unpacked:  # a bomb is measured first
        for _ in range(UNPACKED >> 20):
            if not unpacked.read(1 << 20):
                break
        else:
            raise ValueError(f"it unpacks to over {UNPACKED >> 20} MB")
    opened.seek(0)
    with tarfile.open(fileobj=opened, mode="r:gz") as archive:
        for info in archive:
            if info.isreg() and not info.issparse():
                yield info.name, archive.extractfile(info), ""
            elif not info.isdir():
                link = info.issym() or info.islnk()
                yield info.name, None, LINK if link else ODD


def take_in(path: Path, exercises: dict[int, str]) -> list[Submission]:
    """Return the submissions in a folder or an archive, in order of names."""
    everything: list[Found] = []
    for found in read(path):
        everything.append(found)
        if len(everything) > ENTRIES:
            raise ValueError(f"There are over {ENTRIES:,} files in {path}.")
    _unwrap(everything)
    students: dict[tuple[str, str], Submission] = {}
    files: dict[tuple[str, str], list[Found]] = {}
    for found in sorted(everything, key=lambda each: each.parts):
        student = _whose(found, clean(ARCHIVE.sub("", path.name)))
        key = (student.name, student.number)
        students.setdefault(key, student).late |= student.late
        files.setdefault(key, []).append(found)
    for key, student in students.items():
        _sort_out(student, files[key], exercises)
    return [students[key] for key in sorted(students)]


def _unwrap(everything: list[Found]) -> None:
    """Leave out the one folder in which all the others lie, if there is."""
    first = {found.parts[0] for found in everything}
    second = {found.parts[1:2] for found in everything}
    deep = all(len(found.parts) >= 3 for found in everything)  # noqa: PLR2004
    if len(first) == 1 < len(second) and deep:
        for found in everything:
            if not MOODLE.fullmatch(found.parts[0]):
                found.parts = found.parts[1:]


def _whose(found: Found, otherwise: str) -> Submission:
    """Tell the student by the first name, and leave it out of the path."""
    first, *rest = found.parts
    if match := MOODLE.fullmatch(first):
        found.parts = (*filter(None, [match[3]]), *rest) or (first,)
        return Submission(clean(match[1]), match[2])
    if match := CANVAS.fullmatch(first):
        found.parts = (match[4], *rest)
        return Submission(clean(match[1]), match[3], bool(match[2]))
    if not rest and not ARCHIVE.search(first):
        return Submission(otherwise)
    found.parts = (*rest,) or (first,)
    return Submission(clean(ARCHIVE.sub("", first)))


def _looked_at(files: list[Found], notes: list[str]) -> list[Found]:
    """Return its Python files; note what is not taken in."""
    python = []
    for found in files:
        if found.why_not and found.why_not != IGNORED:
            notes.append(f"Not taken in: {found.shown}, {found.why_not}.")
        elif not found.why_not and not any(p[0] == "." for p in found.parts):
            python.append(found)
    room = [found for found in python if "exercises" in found.parts[:-1]]
    if len(room) not in {0, len(python)}:  # a whole course, perhaps
        notes.append("Of its folders, only exercises was looked at.")
    python = room or python
    if len(python) > FILES:
        notes.append(f"Only {FILES} of {len(python)} files were looked at.")
    return python[:FILES]


def _sort_out(
    student: Submission, files: list[Found], exercises: dict[int, str]
) -> None:
    """Find the answer to each exercise, by its name or its docstring.

    Of two for one exercise, the one with the exercise's own name is graded,
    then the newest version.
    """
    notes, answers = student.notes, dict[str, list[Found]]()
    for found in _looked_at(files, notes):
        if name := _exercise(found, exercises):
            answers.setdefault(name, []).append(found)
        elif found.stem != "__init__":
            notes.append(
                f"{found.shown} answers no exercise: neither its name nor its"
                " docstring says which one."
            )
    for name, candidates in answers.items():
        chosen, *rest = sorted(candidates, key=lambda each: _rank(each, name))
        student.answers[name] = chosen.data
        if chosen.stem != name:
            notes.append(f"{chosen.shown} is graded as {name}.")
        notes += [
            f"Two files answer {name}: {chosen.shown} is graded,"
            f" {each.shown} is not."
            for each in rest
            if each.data != chosen.data
        ]
    if not answers:
        names = [found.shown for found in files if found.why_not == IGNORED]
        only = f", only {', '.join(names[:3])}" if names else ""
        notes.append(f"It has no answer to an exercise{only}.")


def _exercise(found: Found, exercises: dict[int, str]) -> str:
    if found.stem in exercises.values():
        return found.stem
    text = found.data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    match = TITLE.match(text) or NUMBER.match(found.stem)
    return exercises.get(int(match[1][-4:]), "") if match else ""


def _rank(found: Found, name: str) -> Any:
    """Sort answers to one exercise: the first is graded."""
    match = VERSION.search(PYTHON.sub("", found.parts[-1]))
    version = match[1] or match[2] or "0" if match else "0"
    return (
        found.stem != name,
        -int(version[-9:]),
        len(found.parts),
        found.parts,
    )
