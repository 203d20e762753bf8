"""Hostile answers: none hangs, and none changes its neighbour or the course.

Each says hello when its attack was refused, so that a right check is the
proof.
"""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from course.classroom.sandbox import Sandbox, settled
from course.classroom.work import of_the_course
from tests.course.classroom.conftest import needs_bwrap
from tests.course.classroom.made import NAMES, answer, make_checks
from tests.servers import ROOT

pytestmark = [
    needs_bwrap,
    pytest.mark.skipif(sys.platform != "linux", reason="it is Linux's own"),
]
REFUSED = """
    try:
        {attack}
    except OSError:
        return "hello"
    return "done"
"""
ATTACKS = {  # each has to be refused
    "reads another submission": "open({neighbour!r}).read()",
    "lists the submissions": "os.listdir({submissions!r})",
    "reads a secret of the instructor's": "open({secret!r}).read()",
    "writes a check": "open({check!r}, 'a').write('x')",
    "writes the course": "open({course!r}, 'a').write('x')",
    "writes beside it": "open({course!r} + 'x', 'w').write('x')",
    "writes its own answer": "open(__file__, 'a').write('x')",
    "writes to the root": "open('/x', 'w').write('x')",
    "writes among the devices": "open('/dev/x', 'w').write('x')",
    "reaches this machine": "socket.create_connection({address!r}, 5)",
    "kills its neighbours": "os.kill({pid}, 9)",
}
HARMFUL = {  # it loses this check, and its neighbour nothing
    "fills the disk": (
        "[open(f'/tmp/{i}', 'wb').write(bytes(1 << 24)) for i in range(99)]"
    ),
    "fills the shared memory": (
        "[open(f'/dev/shm/{i}', 'wb').write(bytes(1 << 24))"
        " for i in range(99)]"
    ),
    "ends the process": "os._exit(0)",
    "ends never": "while True: pass",
    "forks without end": "while True: os.fork()",
    "starts threads without end": (
        "while True: threading.Thread(target=time.sleep, args=[99]).start()"
    ),
    "kills all that it can": "os.kill(-1, signal.SIGKILL)",
    "raises a surrogate": "raise ValueError('\\udcff')",
    "takes all memory": "x = [bytes(1 << 28) for _ in range(99)]",
}
HARMLESS = {
    "prints a surrogate": "print('\\udcff')",
    "makes deep folders": (
        "[(os.mkdir('d'), os.chdir('d')) for _ in range(3000)]"
    ),
    "makes a loop of links": "os.symlink('b', 'a'); os.symlink('a', 'b')",
}


@pytest.fixture(scope="module")
def graded(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, dict[str, Any]]]:
    """Grade all of them, two beside each other, each with a neighbour."""
    folder = tmp_path_factory.mktemp("hostile")
    checks = make_checks(folder)
    neighbour = folder / "submissions" / "ada" / "ex01_hello.py"
    neighbour.parent.mkdir(parents=True)
    neighbour.write_text(answer())
    (folder / "secret").write_text("password")
    before = of_the_course(checks)
    sandbox = Sandbox(checks, at_once=2, start=30, each=30)
    with socket.create_server(("127.0.0.1", 0)) as server:
        names = {
            "neighbour": str(neighbour),
            "submissions": str(neighbour.parents[1]),
            "secret": str(folder / "secret"),
            "check": str(checks / "test_ex01_hello.py"),
            "course": str(ROOT / "course" / "run.py"),
            "address": server.getsockname(),
            "pid": os.getpid(),
        }
        bodies = {
            name: REFUSED.format(attack=attack.format(**names)).strip()
            for name, attack in ATTACKS.items()
        }
        jobs = {
            name: {
                "ex01_hello": answer(1, body).encode(),
                "ex02_bye": answer(2).encode(),
            }
            for name, body in {**bodies, **HARMFUL, **HARMLESS}.items()
        }
        with ThreadPoolExecutor(2) as pool:
            found = pool.map(
                lambda job: sandbox.grade(job, NAMES[:2]), jobs.values()
            )
            yield dict(zip(jobs, found, strict=True))
    assert of_the_course(checks) == before
    assert neighbour.read_text() == answer()


@pytest.mark.parametrize("name", [*ATTACKS, *HARMLESS])
def test_it_is_refused(graded: dict[str, Any], name: str) -> None:
    """The answer sees an error, and is graded as any other."""
    result = graded[name]["ex01_hello"]
    assert isinstance(result, dict), result
    assert result["state"] == "right", result["checks"][0]


@pytest.mark.parametrize("name", HARMFUL)
def test_it_harms_itself_alone(graded: dict[str, Any], name: str) -> None:
    """It has no points for that check, or no verdict at all."""
    result = graded[name]["ex01_hello"]
    if isinstance(result, dict):
        assert result["checks"][0]["points"] == 0


@pytest.mark.parametrize("name", [*ATTACKS, *HARMFUL, *HARMLESS])
def test_its_neighbour_is_right(graded: dict[str, Any], name: str) -> None:
    """The other answer of the same submission has all its points."""
    result = graded[name]["ex02_bye"]
    assert settled(result), result
    assert result["state"] == "right"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another")
def test_an_ordinary_user_grades_as_well() -> None:
    """User namespaces are all that bubblewrap needs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        (folder / "class" / "ada").mkdir(parents=True)
        (folder / "class" / "ada" / "ex01_hello.py").write_text(answer())
        checks = make_checks(folder)
        command = [sys.executable, "-m", "course.classroom"]
        done = subprocess.run(
            [*command, "class", f"--checks={checks}"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": name},
            user=65534,
            group=65534,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
        )
        if "ermission denied" in done.stderr:
            pytest.skip("the course lies where no other user may read")
        assert done.returncode == 0, done.stderr
        book = (folder / "grades" / "gradebook.csv").read_text()
        assert "ada,,,5,0,0,5,15,ada," in book
