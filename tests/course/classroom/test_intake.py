"""What a class hands in: plain files are found, all else is reported."""

import io
import os
import shutil
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from course.classroom.intake import (
    FILES,
    NOTES,
    SIZE,
    Submission,
    take_in,
)

EXERCISES = {1: "ex01_hello", 2: "ex02_bye"}
TEXT = '"""Exercise 1: greet."""\n'


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """Give a folder in which nothing else lies."""
    folder = tmp_path / "class"
    folder.mkdir()
    return folder


def one(path: Path) -> Submission:
    """Take in what one student has handed in."""
    (found,) = take_in(path, EXERCISES)
    return found


def zipped(path: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write an archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def tarred(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    """Write an archive."""
    with tarfile.open(path, "w:gz") as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def test_moodle_archive(tmp_path: Path) -> None:
    """A folder each; what is in an archive of theirs is found as well."""
    inner = zipped(tmp_path / "i.zip", {"a/ex02_bye.py": "2"}).read_bytes()
    path = zipped(
        tmp_path / "class.zip",
        {
            "Ada Lovelace_7_assignsubmission_file_/ex01_hello.py": "1",
            "Ada Lovelace_7_assignsubmission_onlinetext_/text.html": "",
            "Bob_8_assignsubmission_file_/answers.zip": inner,
            "Cy_9_assignsubmission_file_ex01_hello.py": "3",
        },
    )
    ada, bob, cy = take_in(path, EXERCISES)
    assert (ada.name, ada.number) == ("Ada Lovelace", "7")
    assert ada.answers == {"ex01_hello": b"1"}
    assert (bob.number, bob.answers) == ("8", {"ex02_bye": b"2"})
    assert (cy.number, cy.answers) == ("9", {"ex01_hello": b"3"})
    assert not ada.notes + bob.notes + cy.notes


def test_canvas_archive(tmp_path: Path) -> None:
    """The newest version counts, and who was late is marked."""
    path = zipped(
        tmp_path / "submissions.zip",
        {
            "lovelaceada_7_100_ex01_hello.py": "old",
            "lovelaceada_7_101_ex01_hello-2.py": "new",
            "lovelaceada_7_102_ex01_hello-1.py": "older",
            "bobb_LATE_8_200_ex02_bye.py": "2",
        },
    )
    ada, bob = sorted(take_in(path, EXERCISES), key=lambda s: s.number)
    assert (ada.number, ada.late) == ("7", False)
    assert ada.answers == {"ex01_hello": b"new"}
    assert (bob.name, bob.late) == ("bobb", True)


EXPORTS: dict[str, tuple[dict[str, str], list[str]]] = {
    "Gradescope": (
        {
            "assignment_5_export/submission_metadata.yml": "",
            "assignment_5_export/submission_11/ex01_hello.py": "",
            "assignment_5_export/submission_12/ex01_hello.py": "",
        },
        ["submission_11", "submission_12"],
    ),
    "a folder that macOS has packed": (
        {
            "class/.DS_Store": "",
            "class/ada/ex01_hello.py": "",
            "class/ada/.DS_Store": "",
            "class/bob/ex01_hello.py": "",
            "__MACOSX/class/ada/._ex01_hello.py": "",
            "__MACOSX/class/._ada": "",
        },
        ["ada", "bob"],
    ),
    "one that Windows has packed": (
        {
            "class\\ada\\ex01_hello.py": "",
            "class\\ada\\desktop.ini": "",
            "class\\bob\\ex01_hello.py": "",
            "class\\Thumbs.db": "",
        },
        ["ada", "bob"],
    ),
    "Canvas, unpacked and packed again": (
        {
            "submissions/adal_7_100_ex01_hello.py": "",
            "submissions/bobb_LATE_8_200_ex01_hello.py": "",
        },
        ["adal", "bobb"],
    ),
    "names of many scripts": (
        {
            "Zoe\u0308 Müller/ex01_hello.py": "",
            "Zoë Müller/notes.txt": "",
            "نورا علی‌زاده/ex01_hello.py": "",
            "👩‍💻/ex01_hello.py": "",
        },
        ["Zoë Müller", "نورا علی‌زاده", "👩‍💻"],
    ),
    "a list of the instructor's beside them": (
        {
            "ada/ex01_hello.py": "",
            "bob.py/ex01_hello.py": "",
            "list.xlsx": "",
        },
        ["ada", "bob.py"],
    ),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_what_platforms_and_systems_export(there: Path, name: str) -> None:
    """Each student is there once, with the answer, and nobody else."""
    files, names = EXPORTS[name]
    path = zipped(there / "class.zip", files)
    found = take_in(path, EXERCISES)
    assert [each.name for each in found] == sorted(names)
    assert all("ex01_hello" in each.answers for each in found)
    assert not [note for each in found for note in each.notes]
    if "\\" not in "".join(files):
        shutil.unpack_archive(path, there)
        path.unlink()
        assert take_in(there, EXERCISES) == found


@pytest.mark.parametrize("bytes_", ["Zoë".encode(), "Zoë".encode("cp437")])
def test_archives_that_do_not_say_how_names_are_written(
    there: Path, bytes_: bytes
) -> None:
    """Those of macOS are in UTF-8, those of Windows in its old code page."""
    name = len(bytes_) * "_"
    path = zipped(there / "c.zip", {f"{name}/ex01_hello.py": "", "a/b.py": ""})
    path.write_bytes(path.read_bytes().replace(name.encode(), bytes_))
    assert [each.name for each in take_in(path, EXERCISES)] == ["Zoë", "a"]


def test_an_archive_in_an_archive_in_the_class_s(there: Path) -> None:
    """A folder of the students' archives, packed, is a class as well."""
    inner = zipped(there / "i.zip", {"ex01_hello.py": "1"}).read_bytes()
    ada = zipped(there / "a.zip", {"week 1.zip": inner}).read_bytes()
    files = {"class/ada.zip": ada, "class/bob.zip": inner}
    found = take_in(zipped(there / "c.zip", files), EXERCISES)
    answers = [(each.name, each.answers) for each in found]
    one = {"ex01_hello": b"1"}
    assert answers == [("ada", one), ("bob", one)]


def test_who_has_handed_in_nothing_is_there(there: Path) -> None:
    """An empty folder is a student; a notebook is no answer."""
    (there / "ada").mkdir()
    (there / "bob").mkdir()
    (there / "bob" / "ex01 (1).py").touch()
    (there / "bob" / "ex02_bye.ipynb").touch()
    ada, bob = take_in(there, EXERCISES)
    assert ada.notes == ["It has no answer to an exercise."]
    assert bob.answers == {"ex01_hello": b""}
    assert bob.notes == [
        "ex01 (1).py is graded as ex01_hello.",
        "ex02_bye.ipynb is no Python file, and is not graded.",
    ]


def test_the_same_student_twice(there: Path) -> None:
    """A folder and an archive of one name are one student's."""
    (there / "ada").mkdir()
    (there / "ada" / "ex01_hello.py").write_text("new")
    zipped(there / "ada.zip", {"ex01_hello.py": "x", "ex02_bye.py": "2"})
    found = one(there)
    assert found.answers == {"ex01_hello": b"new", "ex02_bye": b"2"}
    (note,) = found.notes
    assert note.endswith(
        ": ex01_hello.py is graded, ada.zip/ex01_hello.py is not."
    )


@pytest.mark.parametrize(
    "text", [b"a\r\nb", b"\xef\xbb\xbfa", "a".encode("utf-16")]
)
def test_the_bytes_of_an_answer_stay(there: Path, text: bytes) -> None:
    """It is Python that has to read them."""
    (there / "ex01_hello.py").write_bytes(text)
    found = one(there)
    assert found.answers == {"ex01_hello": text}
    assert len(found.notes) == (b"\0" in text)


def test_folders_and_archives_beside_each_other(tmp_path: Path) -> None:
    """Each is a student; one folder around all of them is left out."""
    for around in ("", "hand-ins/"):
        folder = tmp_path / f"class{len(around)}"
        path = zipped(
            folder.with_suffix(".zip"),
            {f"{around}ada/ex01_hello.py": "1", f"{around}bob/x/b.py": TEXT},
        )
        assert [s.name for s in take_in(path, EXERCISES)] == ["ada", "bob"]
    folder = tmp_path / "class"
    (folder / "ada").mkdir(parents=True)
    (folder / "ada" / "ex01_hello.py").write_text("1")
    zipped(folder / "bob.zip", {"ex01_hello.py": "2"})
    tarred(folder / "cy.tar.gz", (tarfile.TarInfo("./ex02_bye.py"), b"3"))
    found = {s.name: s.answers for s in take_in(folder, EXERCISES)}
    assert found == {
        "ada": {"ex01_hello": b"1"},
        "bob": {"ex01_hello": b"2"},
        "cy": {"ex02_bye": b"3"},
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("solution_final.py", TEXT),
        ("x.py", f"\ufeff# coding: utf-8\n\n{TEXT}"),
        ("x.py", "r'''\n  Exercise 01 : greet'''"),
        ("ex1.py", "x = 1"),
        ("Exercise 1 - greet.py", ""),
        ("ex01_hello (2).py", ""),
        ("ex01_hello.py.txt", ""),
        ("ex01_hello.PY", ""),
    ],
)
def test_renamed_files_are_found(there: Path, name: str, text: str) -> None:
    """By their docstring, or else by the number in their name."""
    (there / name).write_text(text, "utf-8")
    found = one(there)
    assert found.answers == {"ex01_hello": text.encode()}


def test_two_files_for_one_exercise(there: Path) -> None:
    """The one with the exercise's name is graded, and it is said."""
    (there / "a.py").write_text(TEXT)
    (there / "ex01_hello.py").write_text("yes")
    found = one(there)
    assert found.answers == {"ex01_hello": b"yes"}
    assert found.notes == [
        "Two files answer ex01_hello: ex01_hello.py is graded, a.py is not."
    ]


def test_a_whole_course_that_was_handed_in(there: Path) -> None:
    """Its exercises are the answers, not its solutions, checks or tests."""
    files = {
        "exercises/ex01_hello.py": "mine",
        "solutions/ex01_hello.py": "theirs",
        "checks/test_ex01_hello.py": TEXT,
        "docs/example/exercises/ex14_x.py": "14",
        ".venv/lib/exercises/ex01_hello.py": TEXT,
        ".git/exercises/ex01_hello.py": TEXT,
        "venv/lib/python3.12/site-packages/exercises/ex01_hello.py": TEXT,
    }
    inside = {f"course/{name}": text for name, text in files.items()}
    zipped(there / "ada.zip", inside)
    found = one(there)
    assert found.answers == {"ex01_hello": b"mine"}
    assert found.notes[0] == "Of its folders, only exercises was looked at."


def test_links_and_devices_are_not_taken_in(tmp_path: Path) -> None:
    """Neither from a folder nor from an archive; loops end."""
    folder = tmp_path / "class" / "eve"
    folder.mkdir(parents=True)
    (folder / "ex01_hello.py").symlink_to("/etc/passwd")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "a.py").symlink_to("b.py")
    (folder / "b.py").symlink_to("a.py")
    os.mkfifo(folder / "ex02_bye.py")
    link = tarfile.TarInfo("ex01_hello.py")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    hard = tarfile.TarInfo("ex02_bye.py")
    hard.type, hard.linkname = tarfile.LNKTYPE, "../../bob/ex02_bye.py"
    device = tarfile.TarInfo("null.py")
    device.type = tarfile.CHRTYPE
    tarred(
        folder.with_name("mal.tgz"), (link, b""), (hard, b""), (device, b"")
    )
    info = zipfile.ZipInfo("ex01_hello.py")
    info.external_attr = 0o120777 << 16
    zipped(folder.with_name("sy.zip"), {})
    with zipfile.ZipFile(folder.with_name("sy.zip"), "w") as archive:
        archive.writestr(info, "/etc/passwd")
    for found in take_in(folder.parent, EXERCISES):
        assert not found.answers
        assert sum("it is a link" in note for note in found.notes) >= 1
    eve = take_in(folder.parent, EXERCISES)[0]
    assert len(eve.notes) == 6
    assert any("ex02_bye.py: it is no plain file" in n for n in eve.notes)


@pytest.mark.parametrize(
    "name",
    [
        "../bob/ex01_hello.py",
        "/etc/ex01_hello.py",
        "..\\bob\\ex01_hello.py",
        "a/../../bob/ex01_hello.py",
    ],
)
def test_paths_out_of_the_folder(there: Path, name: str) -> None:
    """Nothing is taken in under another student's name."""
    zipped(there / "eve.zip", {name: "x"})
    tarred(there / "mal.tar.gz", (tarfile.TarInfo(name), b"x"))
    found = take_in(there, EXERCISES)
    assert [each.name for each in found] == ["eve", "mal"]
    for each in found:
        assert not each.answers
        assert "leads out of it" in each.notes[0]


def test_bombs(there: Path) -> None:
    """What unpacks to too much is reported and not unpacked."""
    zeros = bytes(1 << 20)
    many = {f"ex01_hello ({i}).py": "x" for i in range(FILES + 20)}
    zipped(there / "a.zip", {"ex01_hello.py": zeros})
    zipped(there / "b.zip", many)
    quine = zipped(there / "c.zip", {"ex01_hello.py": "x"})
    for _ in range(5):
        quine = zipped(there / "c.zip", {"c.zip": quine.read_bytes()})
    with tarfile.open(there / "d.tar.gz", "w:gz", compresslevel=1) as tar:
        info = tarfile.TarInfo("zeros.bin")
        info.size = 300 << 20
        with Path("/dev/zero").open("rb") as endless:
            tar.addfile(info, endless)
    a, b, c, d = take_in(there, EXERCISES)
    assert f"it has over {SIZE >> 10} kB" in a.notes[0]
    assert f"Only {FILES} of its Python files" in " ".join(b.notes)
    assert "too deep" in c.notes[0]
    assert "it has over 262,144 kB" in d.notes[0]
    assert not a.answers
    assert not c.answers


def test_a_bomb_of_small_files(there: Path) -> None:
    """What is not graded is not read, or let go of at once."""
    zeros = bytes(SIZE)
    files = {f"{number}.py": zeros for number in range(4 * FILES)}
    zipped(there / "eve.zip", files)
    tracemalloc.start()
    one(there)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2 * FILES * SIZE


def test_many_notes_are_counted(there: Path) -> None:
    """A page of thousands helps nobody."""
    zipped(there / "eve.zip", {f"{number}.py": "" for number in range(90)})
    found = one(there)
    assert len(found.notes) == NOTES + 1
    assert found.notes[-1] == "There are 71 more notes like these."


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read(there: Path) -> None:
    """A sealed folder or file is reported, and costs its neighbour nothing."""
    for name in ("ada", "bob", "cy"):
        (there / name).mkdir()
        (there / name / "ex01_hello.py").write_text("1")
    (there / "ada").chmod(0o000)
    (there / "bob" / "ex01_hello.py").chmod(0o000)
    (there / "cy").chmod(0o555)
    ada, bob, cy = take_in(there, EXERCISES)
    (there / "ada").chmod(0o700)
    assert ada.notes[0].startswith("Not taken in: the folder: ")
    assert bob.notes[0].startswith("Not taken in: ex01_hello.py: ")
    assert ada.notes[0].endswith("or may not be read.")
    assert cy.answers
    assert not cy.notes


def test_a_damaged_file_in_the_archive_of_the_class(there: Path) -> None:
    """It is its student's loss alone."""
    files = {f"{name}/ex01_hello.py": 99 * name for name in ("a", "b", "c")}
    with zipfile.ZipFile(there / "class.zip", "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    path = there / "class.zip"
    path.write_bytes(path.read_bytes().replace(99 * b"b", 99 * b"x"))
    a, b, c = take_in(path, EXERCISES)
    assert a.answers
    assert c.answers
    assert "Bad CRC-32" in b.notes[0]
    path.write_bytes(b"no archive")
    with pytest.raises(ValueError, match="can't be read: File is not a zip"):
        take_in(path, EXERCISES)


def test_damaged_archives(there: Path) -> None:
    """One that can't be read costs no neighbour anything."""
    good = zipped(there / "good.zip", {"ex01_hello.py": "x" * 999})
    data = good.read_bytes()
    (there / "cut.zip").write_bytes(data[:40])
    (there / "no.tar.gz").write_bytes(b"not a tar at all")
    (there / "empty.zip").write_bytes(b"")
    wrong = data.replace(struct.pack("<I", 999), struct.pack("<I", 9), 1)
    (there / "wrong.zip").write_bytes(wrong)
    found = {each.name: each for each in take_in(there, EXERCISES)}
    assert found.pop("good").answers
    assert set(found) == {"cut", "no", "empty", "wrong"}
    for name, why in (
        ("cut", "File is not a zip file"),
        ("no", "Not a gzipped file (b'no')"),
        ("empty", "File is not a zip file"),
    ):
        assert why in found[name].notes[0]


def test_deep_folders_and_odd_names(tmp_path: Path) -> None:
    """They are reported in a form that can be shown."""
    folder = tmp_path / "class" / "eve\u202e\x1b[31m"
    folder.mkdir(parents=True)
    os.makedirs(os.path.join(folder, *("d" * 200)))  # noqa: PTH103, PTH118
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.py")).write_text(TEXT)
    found = one(tmp_path / "class")
    assert found.name == "eve��[31m"
    assert "�.py is graded as ex01_hello." in found.notes
    assert any("it lies too deep" in note for note in found.notes)
