"""Tell whose a file is, and which exercise it answers.

All files are listed first. Then each student's Python files are read, a
limited number of them, also from archives.
"""

import gzip
import io
import re
import tarfile
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from course.classroom.archives import (
    ARCHIVE,
    File,
    archive,
    clean,
    listed,
    read,
)

SIZE = 1 << 18  # bytes of an answer
FILES = 100  # Python files of a submission
NOTES = 20  # notes on a submission
NESTED = 2  # a student's archives inside each other
LISTED = 20_000  # files in such an archive,
PACKED = 1 << 25  # its bytes,
UNPACKED = 1 << 28  # and the bytes that a .tar.gz unpacks to
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
DAMAGED = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error)


@dataclass
class Submission:
    """What one student has handed in."""

    name: str
    number: str = ""  # the platform's, by which it takes grades
    late: bool = False
    answers: dict[str, bytes] = field(default_factory=dict)  # by exercise
    notes: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)  # neither Python nor …


def take_in(path: Path, exercises: dict[int, str]) -> list[Submission]:
    """Return the submissions in a folder or an archive, in order of names."""
    students: dict[tuple[str, str], Submission] = {}
    theirs: dict[tuple[str, str], list[File]] = defaultdict(list)
    try:
        with listed(path) as files:
            for file in _unwrapped(files):
                if student := _whose(file, path.name):
                    key = (student.name, student.number)
                    students.setdefault(key, student).late |= student.late
                    theirs[key].append(file)
            for key, student in students.items():
                _sort_out(student, theirs[key], exercises)
    except DAMAGED as error:
        raise ValueError(f"{path} can't be read: {error}") from None
    return [students[key] for key in sorted(students)]


def _unwrapped(files: list[File]) -> list[File]:
    """Leave out the one folder in which all the others lie, if there is."""
    inner = [file for file in files if file.parts[1:] != ("",)]
    students = {file.parts[:2] for file in inner}
    tops = {file.parts[:1] for file in inner}
    if len(tops) == 1 < len(students) and all(
        file.parts[2:] or _is_named(file.name) for file in inner
    ):
        shorter = [replace(file, parts=file.parts[1:]) for file in inner]
        return files if MOODLE.fullmatch(inner[0].parts[0]) else shorter
    return files


def _is_named(name: str) -> bool:
    """Whether a name alone says whose it is."""
    patterns = (MOODLE.fullmatch, CANVAS.fullmatch, ARCHIVE.search)
    return any(pattern(name) for pattern in patterns)


def _whose(file: File, top: str) -> Submission | None:
    """Tell the student by the first name, and leave it out of the path."""
    first, *rest = file.parts or (top,)
    if match := MOODLE.fullmatch(first):
        file.parts = (*filter(None, [match[3]]), *rest) or (first,)
        return Submission(clean(match[1]), match[2])
    if match := CANVAS.fullmatch(first):
        file.parts = (match[4], *rest)
        return Submission(clean(match[1]), match[3], bool(match[2]))
    file.parts = (*rest,) or (first,)
    if rest or ARCHIVE.search(first):
        return Submission(clean(ARCHIVE.sub("", first)))
    if file.why_not or PYTHON.search(first):
        return Submission(clean(ARCHIVE.sub("", top)))
    return None  # a list or a note of the instructor's own


def _python_files(
    student: Submission, files: list[File], nested: int = NESTED
) -> Iterator[File]:
    """Read a student's Python files, in archives too; note what can't be."""
    python = [file for file in files if PYTHON.search(file.name)]
    room = [file for file in python if "exercises" in file.parts[:-1]]
    if 0 < len(room) < len(python):  # a whole course, perhaps
        student.notes.append("Of its folders, only exercises was looked at.")
        files = room
    for file in files:
        try:
            if file.why_not:
                raise ValueError(file.why_not)  # noqa: TRY301 (noted below)
            if PYTHON.search(file.name):
                file.data = read(file.open, SIZE)
                yield file
            elif ARCHIVE.search(file.name):
                yield from _in_archive(student, file, nested)
            elif file.name:
                student.ignored.append(file.shown)
        except Exception as error:  # noqa: BLE001 (damaged on purpose, perhaps)
            why_not = clean(getattr(error, "strerror", None) or f"{error}")
            note = f"Not taken in: {file.shown}: {why_not}."
            student.notes += [note] if note not in student.notes else []


def _in_archive(
    student: Submission, file: File, nested: int
) -> Iterator[File]:
    """Read the Python files of an archive in a submission."""
    if not nested:
        raise ValueError("it is an archive too deep in others")
    data = read(file.open, PACKED)
    if not file.name.lower().endswith(".zip"):
        unpack = partial(gzip.GzipFile, fileobj=io.BytesIO(data))
        data = read(unpack, UNPACKED)
    with archive(file.name, io.BytesIO(data), "r:") as inner:
        if len(inner) > LISTED:
            raise ValueError(f"it holds over {LISTED:,} files")
        for each in inner:
            each.parts = (*file.parts, *each.parts)
        yield from _python_files(student, inner, nested - 1)


def _sort_out(
    student: Submission, files: list[File], exercises: dict[int, str]
) -> None:
    """Choose the answer to each exercise, and note what is to be known."""
    notes, answers = student.notes, _answers(student, files, exercises)
    for name, candidates in answers.items():
        chosen, *rest = sorted(candidates, key=partial(_rank, name))
        student.answers[name] = chosen.data
        if _stem(chosen) != name:
            notes.append(f"{chosen.shown} is graded as {name}.")
        if b"\0" in chosen.data:
            notes.append(f"{chosen.shown} is not in UTF-8, but in UTF-16?")
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
    for name in student.ignored if answers else []:
        match = NUMBER.search(name)
        if match and exercises.get(int(match[1])) not in {None, *answers}:
            notes.append(f"{name} is no Python file, and is not graded.")
    more = len(notes) - NOTES
    if more > 0:
        notes[NOTES:] = [f"There are {more} more notes like these."]


def _answers(
    student: Submission, files: list[File], exercises: dict[int, str]
) -> dict[str, list[File]]:
    """Find the answers to each exercise, by their name or docstring."""
    answers = defaultdict[str, list[File]](list)
    python = [*islice(_python_files(student, files), FILES + 1)]
    for file in python[:FILES]:
        if name := _exercise(file, exercises):
            answers[name].append(file)
        elif _stem(file) != "__init__":
            student.notes.append(
                f"{file.shown} answers no exercise: neither its name nor its"
                " docstring says which one."
            )
    if len(python) > FILES:
        note = f"Only {FILES} of its Python files were looked at."
        student.notes.append(note)
    return answers


def _stem(file: File) -> str:
    """Return its name without what the platform or a browser has added."""
    return VERSION.sub("", PYTHON.sub("", file.name))


def _exercise(file: File, exercises: dict[int, str]) -> str:
    if (stem := _stem(file)) in exercises.values():
        return stem
    text = file.data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    match = TITLE.match(text) or NUMBER.search(stem)
    return exercises.get(int(match[1][-4:]), "") if match else ""


def _rank(name: str, file: File) -> Any:
    """Sort answers: first that of the exercise's own name, then the newest."""
    match = VERSION.search(PYTHON.sub("", file.name))
    version = match[1] or match[2] or "0" if match else "0"
    own = _stem(file) == name
    return not own, -int(version[-9:]), len(file.parts), file.parts
