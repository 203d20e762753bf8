"""What a class hands in: plain files are found, all else is reported."""

import io
import os
import struct
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from course.classroom.intake import FILES, SIZE, Submission, take_in

EXERCISES = {1: "ex01_hello", 2: "ex02_bye"}
TEXT = '"""Exercise 1: greet."""\n'


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
def test_renamed_files_are_found(tmp_path: Path, name: str, text: str) -> None:
    """By their docstring, or else by the number in their name."""
    (tmp_path / name).write_text(text, "utf-8")
    found = one(tmp_path)
    assert found.answers == {"ex01_hello": text.encode()}


def test_two_files_for_one_exercise(tmp_path: Path) -> None:
    """The one with the exercise's name is graded, and it is said."""
    (tmp_path / "a.py").write_text(TEXT)
    (tmp_path / "ex01_hello.py").write_text("yes")
    found = one(tmp_path)
    assert found.answers == {"ex01_hello": b"yes"}
    assert found.notes == [
        "Two files answer ex01_hello: ex01_hello.py is graded, a.py is not."
    ]


def test_a_whole_course_that_was_handed_in(tmp_path: Path) -> None:
    """Its exercises are the answers, not its solutions, checks or tests."""
    files = {
        "exercises/ex01_hello.py": "mine",
        "solutions/ex01_hello.py": "theirs",
        "checks/test_ex01_hello.py": TEXT,
        "docs/example/exercises/ex14_x.py": "14",
        ".venv/lib/ex01_hello.py": TEXT,
    }
    inside = {f"course/{name}": text for name, text in files.items()}
    zipped(tmp_path / "ada.zip", inside)
    found = one(tmp_path)
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
    assert any("ex02_bye.py, it is no plain file" in n for n in eve.notes)


@pytest.mark.parametrize(
    "name",
    [
        "../bob/ex01_hello.py",
        "/etc/ex01_hello.py",
        "..\\bob\\ex01_hello.py",
        "a/../../bob/ex01_hello.py",
        "/".join("d" * 90) + "/ex01_hello.py",
    ],
)
def test_paths_out_of_the_folder(tmp_path: Path, name: str) -> None:
    """Nothing is taken in under another student's name."""
    zipped(tmp_path / "eve.zip", {name: "x"})
    tarred(tmp_path / "mal.tar.gz", (tarfile.TarInfo(name), b"x"))
    found = take_in(tmp_path, EXERCISES)
    assert [each.name for each in found] == ["eve", "mal"]
    for each in found:
        assert not each.answers
        assert "leads out of it, or too deep" in each.notes[0]


def test_bombs(tmp_path: Path) -> None:
    """What unpacks to too much is reported and not unpacked."""
    zeros = bytes(1 << 20)
    many = {f"ex01_hello ({i}).py": "x" for i in range(FILES + 20)}
    zipped(tmp_path / "a.zip", {"ex01_hello.py": zeros})
    zipped(tmp_path / "b.zip", many)
    quine = zipped(tmp_path / "c.zip", {"ex01_hello.py": "x"})
    for _ in range(5):
        quine = zipped(tmp_path / "c.zip", {"c.zip": quine.read_bytes()})
    with tarfile.open(tmp_path / "d.tar.gz", "w:gz", compresslevel=1) as tar:
        info = tarfile.TarInfo("zeros.bin")
        info.size = 300 << 20
        with Path("/dev/zero").open("rb") as endless:
            tar.addfile(info, endless)
    a, b, c, d = take_in(tmp_path, EXERCISES)
    assert f"it has over {SIZE >> 10} kB" in a.notes[0]
    assert f"Only {FILES} of {FILES + 20} files" in " ".join(b.notes)
    assert "too deep" in c.notes[0]
    assert "it unpacks to over 256 MB" in d.notes[0]
    assert not a.answers
    assert not c.answers


def test_damaged_archives(tmp_path: Path) -> None:
    """One that can't be read costs no neighbour anything."""
    good = zipped(tmp_path / "good.zip", {"ex01_hello.py": "x" * 999})
    data = good.read_bytes()
    (tmp_path / "cut.zip").write_bytes(data[:40])
    (tmp_path / "no.tar.gz").write_bytes(b"not a tar at all")
    (tmp_path / "empty.zip").write_bytes(b"")
    wrong = data.replace(struct.pack("<I", 999), struct.pack("<I", 9), 1)
    (tmp_path / "wrong.zip").write_bytes(wrong)
    found = {each.name: each for each in take_in(tmp_path, EXERCISES)}
    assert found.pop("good").answers
    assert set(found) == {"cut", "no", "empty", "wrong"}
    for name in ("cut", "no", "empty"):
        assert "it can't be unpacked" in found[name].notes[0]


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
