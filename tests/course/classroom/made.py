"""A small course of three exercises, and a class that has handed in."""

import io
import tarfile
import zipfile
from pathlib import Path

CONFTEST = """\
import importlib.util
from pathlib import Path

import pytest


def pytest_addoption(parser):
    parser.addoption("--target", default="exercises")


def pytest_configure(config):
    config.addinivalue_line("markers", "points(number): its worth")
    config.addinivalue_line("markers", "after(name): its prerequisite")
    config.addinivalue_line("markers", "slow(seconds): more time")


@pytest.fixture
def answer(request):
    target = Path(request.config.getoption("--target"))
    path = target / request.path.name.removeprefix("test_")
    if not path.exists():
        pytest.fail("There is no answer.")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
"""
CHECKS = '''\
"""Checks of a made-up exercise."""

import pytest


@pytest.mark.points(2)
def test_says_hello(answer):
    """It greets."""
    assert answer.hello() == "hello"


@pytest.mark.points(3)
def test_says_bye(answer):
    """It takes its leave."""
    assert answer.bye() == "bye"
'''
NAMES = ("ex01_hello", "ex02_bye", "ex03_both")
RIGHT = '''\
"""Exercise {number}: be polite."""

import os, signal, socket, sys, threading, time
from pathlib import Path


def hello():
    {body}
    return "hello"


def bye():
    return "bye"
'''


def answer(number: int = 1, body: str = "pass") -> str:
    """Write an answer that does something before it says hello."""
    return RIGHT.format(number=number, body=body)


def make_checks(folder: Path) -> Path:
    """Write the checks of three exercises; return their folder."""
    checks = folder / "made" / "checks"
    checks.mkdir(parents=True)
    (checks / "conftest.py").write_text(CONFTEST)
    for name in NAMES:
        (checks / f"test_{name}.py").write_text(CHECKS)
    return checks


WRONG = "return 'ho'"
LATE = "return 'hello' if len('ab') == 2 else 'bye'"


def make_class(folder: Path) -> Path:
    """Hand in, in each way that there is; return the folder."""
    there = folder / "submissions"
    moodle = there / "Ada Lovelace_17_assignsubmission_file_"
    moodle.mkdir(parents=True)
    for number, name in enumerate(NAMES, start=1):
        (moodle / f"{name}.py").write_text(answer(number))
    (there / "bob").mkdir()
    (there / "bob" / "my answer.py").write_text(answer(2))
    (there / "bob" / "ex03_both.py").write_text(answer(3, WRONG))
    with zipfile.ZipFile(there / "=cmd.zip", "w") as archive:
        archive.writestr("deep/ex01_hello.py", answer(1, WRONG))
        archive.writestr("deep/ex02_bye.py", "def hello(:")
    late = "lovelaceb_LATE_18_99_"
    (there / f"{late}ex01_hello-1.py").write_text(answer(1, LATE))
    (there / f"{late}ex01_hello.py").write_text(answer(1, WRONG))
    with tarfile.open(there / "dan.tar.gz", "w:gz") as archive_:
        data = answer(3, "os._exit(0)").encode()
        info = tarfile.TarInfo("ex03_both.py")
        info.size = len(data)
        archive_.addfile(info, io.BytesIO(data))
    (there / "eve").mkdir()
    (there / "eve" / "essay.pdf").write_bytes(b"%PDF")
    return there


GRADEBOOK = """\
Student,Number,Late,ex01,ex02,ex03,Points,Of,On the pages,Look at
'=cmd,,,3,0,0,3,15,'=cmd,
Ada Lovelace,17,,5,5,5,15,15,Ada Lovelace,
bob,,,0,5,3,8,15,bob,my answer.py is graded as ex02_bye.
dan,,,0,0,3,3,15,dan,
eve,,,0,0,0,0,15,eve,"It has no answer to an exercise, only essay.pdf."
lovelaceb,18,late,5,0,0,5,15,lovelaceb,\
"Two files answer ex01_hello: ex01_hello-1.py is graded, ex01_hello.py is\
 not."
"""
