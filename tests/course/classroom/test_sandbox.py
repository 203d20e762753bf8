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

from course.classroom.sandbox import Sandbox
from course.classroom.work import fingerprint
from tests.course.classroom.conftest import needs_bwrap
from tests.course.classroom.made import NAMES, answer, make_checks
from tests.servers import ROOT

pytestmark = [
    needs_bwrap,
    pytest.mark.skipif(sys.platform != "linux", reason="it is Linux's own"),
    pytest.mark.timeout(600),  # on a machine that others use
]
# what an answer tries, one after the other; it says which was not refused
TRIES = """done = []
    for attack in {attacks!r}:
        try:
            exec(attack)
            done.append(attack)
        except OSError:
            pass
    if done:
        return done"""
REFUSED = [
    "open({neighbour!r}).read()",
    "os.listdir({submissions!r})",
    "open({secret!r}).read()",
    "'password' in open('/proc/1/environ').read() or open('/none')",
    "'password' in str(os.environ) or open('/none')",
    "open({check!r}, 'a').write('x')",
    "open({course!r}, 'a').write('x')",
    "open({course!r} + 'x', 'w').write('x')",
    "open(__file__, 'a').write('x')",
    "open('/x', 'w').write('x')",
    "open('/dev/x', 'w').write('x')",
    "socket.create_connection({address!r}, 5)",
    "os.kill({pid}, 9)",
    "open(f'/proc/{{os.getppid()}}/fd/1', 'w')",  # of the worker
    "open('/proc/2/fd/1', 'w')",  # of the grader
]
ODD = """print('\\udcff')
    os.symlink('b', 'a')
    os.symlink('a', 'b')
    for _ in range(3000):
        os.mkdir('d')
        os.chdir('d')"""
HARMFUL = {  # it loses this check, and its neighbours lose nothing
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
Graded = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graded]:
    """Grade all of them, two beside each other, each with a neighbour."""
    folder = tmp_path_factory.mktemp("hostile")
    checks = make_checks(folder)
    neighbour = folder / "submissions" / "ada" / "ex01_hello.py"
    neighbour.parent.mkdir(parents=True)
    neighbour.write_text(answer())
    (folder / "secret").write_text("password")
    environment = pytest.MonkeyPatch()
    environment.setenv("SECRET", "password")
    before = fingerprint(checks)
    sandbox = Sandbox(checks, seconds=60)
    with socket.create_server(("127.0.0.1", 0)) as server:
        attacks = [
            attack.format(
                neighbour=str(neighbour),
                submissions=str(neighbour.parents[1]),
                secret=str(folder / "secret"),
                check=str(checks / "test_ex01_hello.py"),
                course=str(ROOT / "course" / "run.py"),
                address=server.getsockname(),
                pid=os.getpid(),
            )
            for attack in REFUSED
        ]
        bodies = {"tries all": TRIES.format(attacks=attacks)}
        bodies |= {"is odd": ODD, **HARMFUL}
        right = answer(2).encode()
        jobs = [
            {"ex01_hello": answer(1, body).encode(), "ex02_bye": right}
            for body in bodies.values()
        ]
        with ThreadPoolExecutor(2) as pool:
            found = pool.map(lambda job: sandbox.grade(job, NAMES[:2]), jobs)
            yield dict(zip(bodies, found, strict=True))
    environment.undo()
    assert fingerprint(checks) == before
    assert neighbour.read_text() == answer()


def test_what_it_tries_is_refused(graded: Graded) -> None:
    """The answer sees an error each time, and is graded as any other."""
    result = graded["tries all"]["ex01_hello"]
    assert result["state"] == "right", result["checks"][0]


@pytest.mark.parametrize("name", HARMFUL)
def test_what_does_harm_has_no_points(graded: Graded, name: str) -> None:
    """Or no verdict, with the reason."""
    result = graded[name]["ex01_hello"]
    assert not any(check["points"] for check in result["checks"][:1])
    assert result["message" if not result["checks"] else "state"]


@pytest.mark.parametrize("name", ["tries all", "is odd", *HARMFUL])
def test_it_harms_itself_alone(graded: Graded, name: str) -> None:
    """The other answer of the same student has all its points."""
    other = graded[name]["ex02_bye"]
    assert other["state"] == "right", other


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
        try:
            subprocess.run([sys.executable, "-c", ""], user=65534, check=True)
        except PermissionError:
            pytest.skip("this Python lies where no other user may read")
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
        assert done.returncode == 0, done.stderr
        book = (folder / "grades" / "gradebook.csv").read_text()
        assert "ada,,,5,0,0,5,15,ada," in book
