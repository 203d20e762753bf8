"""Take in what a class has handed in, as a platform or a folder holds it.

All files are listed first. Of a student's, only plain Python files are read,
into memory and up to a limit. A link, a device, a path out of its folder or a
bomb is reported, and never followed.
"""

import gzip
import io
import os
import re
import stat
import tarfile
import unicodedata
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, Any

SIZE = 1 << 18  # bytes of an answer
FILES = 100  # Python files of a submission
NOTES = 20  # notes on a submission
DEPTH = 12  # folders inside each other
NESTED = 2  # a student's archives inside each other
LISTED = 20_000  # files in such an archive,
PACKED = 1 << 25  # its bytes,
UNPACKED = 1 << 28  # and the bytes that a .tar.gz unpacks to
ARCHIVE = re.compile(r"\.(zip|tar\.gz|tgz)$", re.IGNORECASE)
PYTHON = re.compile(r"\.py(\.txt)?$", re.IGNORECASE)  # browsers add .txt
MOODLE = re.compile(r"(.+?)_(\d+)_assignsubmission_(?:file|onlinetext)_?(.*)")
CANVAS = re.compile(r"([^_]+)_(?:(LATE)_)?(\d+)_\d+_(.+)")
VERSION = re.compile(r"(?:-(\d+)| ?\((\d+)\))?$")  # Canvas: -1, a browser: (1)
TITLE = re.compile(
    r"""(?:\s|\#.*\n)*[rRuU]?(?:\"{3}|'{3}|"|')\s*Exercise\s+(\d+)\s*:"""
)
NUMBER = re.compile(
    r"(?<!test_)(?<![a-z0-9])ex(?:ercise)?[ _-]*(\d+)(?!\d)", re.IGNORECASE
)
# not a student's work; and so is all that is hidden
JUNK = {
    *("__MACOSX", "__pycache__", "node_modules", "site-packages"),
    *("Thumbs.db", "desktop.ini", "submission_metadata.yml"),  # Gradescope
}
UTF8 = 1 << 11  # the bit with which a .zip says how its names are written
Parts = tuple[str, ...]
Open = Callable[[], IO[bytes] | None]
Entry = tuple[str, str, Open]  # its path, why it is not taken in, or how


@dataclass
class File:
    """One file in what was handed in; a folder is one without a name."""

    parts: Parts
    open: Open
    why_not: str  # it is taken in
    data: bytes = b""

    @property
    def shown(self) -> str:
        """Its path, fit to be shown."""
        return clean("/".join(self.parts)) or "the folder"

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
    ignored: list[str] = field(default_factory=list)  # neither Python nor …


def clean(text: str, length: int = 100) -> str:
    """Make a name fit to be shown: no control characters, not too long."""
    text = unicodedata.normalize("NFC", text)  # macOS writes é as two
    joins = "\u200c\u200d"  # in Persian words, and in emojis
    shown = "".join(
        c if c.isprintable() or c in joins else "�" for c in text
    )
    return shown if len(shown) <= length else shown[: length - 1] + "…"


def take_in(path: Path, exercises: dict[int, str]) -> list[Submission]:
    """Return the submissions in a folder or an archive, in order of names."""
    students: dict[tuple[str, str], Submission] = {}
    files: dict[tuple[str, str], list[File]] = defaultdict(list)
    try:
        with ExitStack() as stack:
            if path.is_dir():
                listed = _listed(_in_folder(path))
            else:
                archive = stack.enter_context(path.open("rb"))
                listed = stack.enter_context(_archive(path.name, archive))
            for file in _unwrapped(listed):
                if _is_beside(file):
                    continue
                student = _whose(file, path.name)
                key = (student.name, student.number)
                students.setdefault(key, student).late |= student.late
                files[key].append(file)
            for key, student in students.items():
                _sort_out(student, files[key], exercises)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error) as e:
        raise ValueError(f"{path} can't be read: {e}") from None
    return [students[key] for key in sorted(students)]


def _why_not(mode: int) -> str:
    """Say why a file of this kind is not taken in, if it is not."""
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return ""
    return "it is a link" if stat.S_ISLNK(mode) else "it is no plain file"


def _problem(file: Path) -> str:
    try:
        mode = file.lstat().st_mode
        if stat.S_ISDIR(mode):
            os.scandir(file).close()
    except OSError as error:
        return f"{error.strerror}"
    return _why_not(mode)


def _in_folder(path: Path) -> Iterator[Entry]:
    """List what lies below; the path of a folder ends with /."""
    for name, below, files in os.walk(path):
        below[:] = sorted(each for each in below if not _is_junk(each))
        for each in [*below, *sorted(files)]:
            file = Path(name, each)
            end = "/" if each in below else ""
            shown = f"{file.relative_to(path)}{end}"
            yield shown, _problem(file), partial(file.open, "rb")


@contextmanager
def _archive(name: str, opened: IO[bytes]) -> Iterator[list[File]]:
    """List what lies in an archive; it can be read in the block."""
    if name.lower().endswith(".zip"):
        with zipfile.ZipFile(opened) as zipped:
            yield _listed(_in_zip(zipped))
    else:
        with tarfile.open(fileobj=opened) as tarred:
            yield _listed(_in_tar(tarred))


def _in_zip(archive: zipfile.ZipFile) -> Iterator[Entry]:
    for info in archive.infolist():
        name = info.filename
        if not info.flag_bits & UTF8:
            with suppress(UnicodeError):  # macOS writes it, and sets no bit
                name = name.encode("cp437").decode()
        kind = info.external_attr >> 16
        why_not = _why_not(kind) if stat.S_IFMT(kind) else ""
        yield name, why_not, partial(archive.open, info)


def _in_tar(archive: tarfile.TarFile) -> Iterator[Entry]:
    for info in archive:
        why_not = "it is no plain file"
        if info.isdir() or (info.isreg() and not info.issparse()):
            why_not = ""
        elif info.issym() or info.islnk():
            why_not = "it is a link"
        end = "/" if info.isdir() else ""
        yield info.name + end, why_not, partial(archive.extractfile, info)


def _listed(entries: Iterable[Entry]) -> list[File]:
    """Leave out what is junk; what lies out of its folder is not taken in."""
    files = []
    for name, why_not, open_ in entries:
        path = PurePosixPath(name.replace("\\", "/"))
        parts = path.parts
        if path.is_absolute() or ".." in parts:
            why_not = f"{clean(name)} leads out of it"
            files.append(File((), open_, why_not))
        elif len(parts) > DEPTH:
            files.append(File(parts[:DEPTH], open_, "it lies too deep"))
        elif parts and not any(map(_is_junk, parts)):
            parts = (*parts, "") if name.endswith(("/", "\\")) else parts
            files.append(File(parts, open_, why_not))
    return files


def _is_junk(name: str) -> bool:
    return name.startswith(".") or name in JUNK


def _unwrapped(files: list[File]) -> list[File]:
    """Leave out the one folder in which all the others lie, if there is."""
    inner = [file for file in files if file.parts[1:] != ("",)]
    below = {file.parts[:2] for file in inner}
    if (
        len({file.parts[0] for file in inner}) == 1 < len(below)
        and not MOODLE.fullmatch(inner[0].parts[0])
        and all(len(f.parts) > 2 or _owned(f.parts[-1]) for f in inner)  # noqa: PLR2004
    ):
        return [replace(file, parts=file.parts[1:]) for file in inner]
    return files


def _owned(name: str) -> bool:
    """Whether a name says whose it is."""
    patterns = (MOODLE.fullmatch, CANVAS.fullmatch, ARCHIVE.search)
    return any(pattern(name) for pattern in patterns)


def _is_beside(file: File) -> bool:
    """Whether it is a list or a note of the instructor's own."""
    name, *rest = file.parts or ("", "")
    return not (rest or file.why_not or PYTHON.search(name) or _owned(name))


def _whose(file: File, top: str) -> Submission:
    """Tell the student by the first name, and leave it out of the path."""
    first, *rest = file.parts or (top,)
    if match := MOODLE.fullmatch(first):
        file.parts = (*filter(None, [match[3]]), *rest) or (first,)
        return Submission(clean(match[1]), match[2])
    if match := CANVAS.fullmatch(first):
        file.parts = (match[4], *rest)
        return Submission(clean(match[1]), match[3], bool(match[2]))
    file.parts = (*rest,) or (first,)
    whose = first if rest or ARCHIVE.search(first) else top
    return Submission(clean(ARCHIVE.sub("", whose)))


def _python_files(
    student: Submission, files: list[File], nested: int = NESTED
) -> Iterator[File]:
    """Read a student's Python files, in archives too; note what can't be."""
    python = [file for file in files if PYTHON.search(file.parts[-1])]
    room = [file for file in python if "exercises" in file.parts[:-1]]
    if 0 < len(room) < len(python):  # a whole course, perhaps
        student.notes.append("Of its folders, only exercises was looked at.")
        files = room
    for file in files:
        name = file.parts[-1]
        try:
            if file.why_not:
                raise ValueError(file.why_not)
            if PYTHON.search(name):
                file.data = _read(file.open, SIZE)
                yield file
            elif ARCHIVE.search(name):
                yield from _in_archive(student, file, nested)
            elif name:
                student.ignored.append(file.shown)
        except Exception as error:  # noqa: BLE001 (damaged on purpose, perhaps)
            said = clean(getattr(error, "strerror", None) or f"{error}")
            note = f"Not taken in: {file.shown}: {said}."
            student.notes += [note] if note not in student.notes else []


def _in_archive(
    student: Submission, file: File, nested: int
) -> Iterator[File]:
    """Read the Python files of an archive in a submission."""
    if not nested:
        raise ValueError("it is an archive too deep in others")
    data = _read(file.open, PACKED)
    if not file.parts[-1].lower().endswith(".zip"):
        data = _read(partial(gzip.GzipFile, fileobj=io.BytesIO(data)), UNPACKED)
    with _archive(file.parts[-1], io.BytesIO(data)) as inner:
        if len(inner) > LISTED:
            raise ValueError(f"it holds over {LISTED:,} files")
        for each in inner:
            each.parts = (*file.parts, *each.parts)
        yield from _python_files(student, inner, nested - 1)


def _read(open_: Open, limit: int) -> bytes:
    with open_() as opened:
        data = opened.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"it has over {limit >> 10:,} kB")
    return data


def _sort_out(
    student: Submission, files: list[File], exercises: dict[int, str]
) -> None:
    """Find the answer to each exercise, by its name or its docstring.

    Of two for one exercise, the one with the exercise's own name is graded,
    then the newest version.
    """
    notes, answers = student.notes, defaultdict[str, list[File]](list)
    python = [*islice(_python_files(student, files), FILES + 1)]
    if len(python) > FILES:
        notes.append(f"Only {FILES} of its Python files were looked at.")
    for file in python[:FILES]:
        if name := _exercise(file, exercises):
            answers[name].append(file)
        elif file.stem != "__init__":
            notes.append(
                f"{file.shown} answers no exercise: neither its name nor its"
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
        only = ", ".join(student.ignored[:3])
        only = f", only {only}" if only else ""
        notes.append(f"It has no answer to an exercise{only}.")
    for name in student.ignored:
        found = NUMBER.search(name)
        if found and exercises.get(int(found[1])) not in answers:
            notes.append(f"{name} is no Python file, and is not graded.")
    more = len(notes) - NOTES
    if more > 0:
        notes[NOTES:] = [f"There are {more} more notes like these."]


def _exercise(file: File, exercises: dict[int, str]) -> str:
    if file.stem in exercises.values():
        return file.stem
    text = file.data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    match = TITLE.match(text) or NUMBER.search(file.stem)
    return exercises.get(int(match[1][-4:]), "") if match else ""


def _rank(file: File, name: str) -> Any:
    """Sort answers to one exercise: the first is graded."""
    match = VERSION.search(PYTHON.sub("", file.parts[-1]))
    version = match[1] or match[2] or "0" if match else "0"
    return (
        file.stem != name,
        -int(version[-9:]),
        len(file.parts),
        file.parts,
    )
