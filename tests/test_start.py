"""Setting up: what can go wrong is told in a sentence."""

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import start
from tests.servers import ROOT

VENV_PYTHON = str(ROOT / ".venv" / "bin" / "python")
PRESSED = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
os.kill(os.getpid(), signal.SIGINT)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
NEWER = "sys.version_info = (3, 99, 0); import start; start.check_python()"
OLDER = "sys.version_info = (3, 9, 0); import start; start.check_python()"
Done = subprocess.CompletedProcess[str]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Give a folder with as much of the course as the start needs."""
    for name in ("start.py", "noxfile.py"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "locks", tmp_path / "locks")
    return tmp_path


def run(*arguments: str, **settings: str) -> Done:
    """Run this Python in the repository, and keep what it says."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_an_old_python_is_refused() -> None:
    """It is told which one is needed and how to use it."""
    done = run("-c", f"import sys; {OLDER}")
    assert done.returncode == 1
    assert "needs Python 3.11 or newer and this is 3.9" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_old_python_can_read_as_far() -> None:
    """No syntax newer than Python 3.6 stands in the way of that sentence."""
    source = (ROOT / "start.py").read_text("utf-8")
    compile(source, "start.py", "exec")
    assert ast.parse(source, feature_version=(3, 7))


def test_a_newer_python_goes_on() -> None:
    """It says that nobody tried it, and is not in the way."""
    done = run("-c", f"import sys; {NEWER}")
    assert done.returncode == 0
    assert "newer than those the course was tried on" in done.stderr


def test_a_folder_that_cannot_be_written_is_told(clone: Path) -> None:
    """The sentence says what to do about it."""
    (clone / ".venv").touch()
    done = run(str(clone / "start.py"))
    assert done.returncode == 1
    assert "put the course into a folder that you can write to" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_network_is_told(clone: Path) -> None:
    """The last line says that packages are missing, and what helps."""
    nowhere = "http://127.0.0.1:9/simple"
    settings = {
        "PIP_INDEX_URL": nowhere,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "",
        "PIP_FIND_LINKS": "",
        "PIP_NO_CACHE_DIR": "1",
    }
    done = run(str(clone / "start.py"), **settings)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("The packages did not arrive: connect this")
    assert "Traceback" not in done.stderr


def test_a_missing_venv_module_is_told() -> None:
    """What Debian says is followed by the package to install."""
    failing = "raise SystemExit('ensurepip is not available')"
    code = f"start.run('install it', sys.executable, '-c', {failing!r})"
    done = run("-c", f"import sys, start; {code}")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == [
        "ensurepip is not available",
        "",
        "install it",
    ]


def test_a_second_start_prepares_nothing() -> None:
    """The stamp in .venv says that all is there."""
    stamp = ROOT / ".venv" / "learn.stamp"
    before = stamp.stat().st_mtime_ns if stamp.exists() else None
    assert before, "run it by python3 start.py tests"
    done = subprocess.run(
        [VENV_PYTHON, "-c", "import start; start.prepare()"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    assert stamp.stat().st_mtime_ns == before


def is_one_line(done: Done) -> bool:
    """See whether Ctrl-C was answered as it should be."""
    return (done.returncode, done.stderr) == (130, "stopped\n")


def test_ctrl_c_before_anything_is_imported_is_one_line() -> None:
    """It waits until there is somebody to answer it."""
    assert is_one_line(run("-c", PRESSED, "course/run.py", "nothing.of.it"))


def test_ctrl_c_while_a_session_is_imported_is_one_line(
    tmp_path: Path,
) -> None:
    """The session itself has not begun."""
    (tmp_path / "slow.py").write_text("raise KeyboardInterrupt")
    settings = {"PYTHONPATH": str(tmp_path)}
    assert is_one_line(run("course/run.py", "slow", **settings))


def test_ctrl_c_while_the_noxfile_is_read_is_one_line(tmp_path: Path) -> None:
    """Nox alone would end there without a word."""
    press = f"import os; os.kill(os.getpid(), {signal.SIGINT.value})"
    (tmp_path / "noxfile.py").write_text(press)
    command = [VENV_PYTHON, "course/run.py", "nox", "-f"]
    done = subprocess.run(
        [*command, str(tmp_path / "noxfile.py")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert is_one_line(done)


def start_py(*words: str) -> Done:
    """Type `python3 start.py WORDS`."""
    return run("start.py", *words)


def test_every_job_is_reached_by_its_name() -> None:
    """The jobs that start.py knows are nox's sessions, in the same order."""
    listed = start_py("-l").stdout
    names = re.findall(r"^[*-] ([\w-]+)", listed, re.MULTILINE)
    assert list(start.jobs()) == names
    for name in names:
        assert start.for_nox([name]) == ["-s", name]


@pytest.mark.parametrize(
    ("typed", "for_nox"),
    [
        ("", "-s serve"),
        ("grade 1", "-s grade -- 1"),
        ("grade --help", "-s grade -- --help"),
        ("stage 3 --reload", "-s stage -- 3 --reload"),
        ("timeline a:app GET / -- x", "-s timeline -- a:app GET / -- x"),
        ("lint types walls", "-s lint types walls"),
        ("ask test progress", "-s ask -- test progress"),
        ("lint walls -- --verbose", "-s lint walls -- --verbose"),
        ("grade -- 1", "-s grade -- 1"),
        ("-s grade -- 1", "-s grade -- 1"),
        ("-l", "-l"),
        ("--session lint", "--session lint"),
    ],
)
def test_short_commands_are_made_long(typed: str, for_nox: str) -> None:
    """A job and its arguments; jobs alone; what begins with - is for nox."""
    assert start.for_nox(typed.split()) == for_nox.split()


def test_a_job_reads_its_own_options() -> None:
    """Neither start.py nor nox takes them away."""
    done = start_py("grade", "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: python3 start.py grade [-h]")
    assert "--traceback" in done.stdout


def test_the_long_form_runs_the_same_job() -> None:
    """What was typed before short commands still works."""
    long, short = start_py("-s", "grade", "--", "99"), start_py("grade", "99")
    assert long.returncode
    assert short.returncode
    assert long.stdout == short.stdout
    assert long.stderr.endswith(short.stderr)


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("gradee", "There is no job gradee. Did you mean grade? "),
        ("testz", "There is no job testz. Did you mean test? "),
        ("qqq", "There is no job qqq. "),
    ],
)
def test_a_wrong_job_names_the_nearest(word: str, answer: str) -> None:
    """And how to list them; it is one line, and an error."""
    done = start_py(word, "1")
    assert done.returncode == 1
    last = "python3 start.py --help lists the jobs.\n"
    assert done.stderr == answer + last


def test_help_fits_on_one_screen_the_learners_jobs_first() -> None:
    """Each of these is a line below its group; the others are named."""
    done = start_py("--help")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80
    learners, _, others = done.stdout.partition("\nFor teachers")
    listed = re.findall(r"^  (\w+) +\w", learners, re.MULTILINE)
    assert listed[0] == "serve"
    for job in start.jobs().values():
        learns = job.group in start.FOR_LEARNERS
        assert (job.name in listed) == learns
        assert (job.name in others.split()) != learns


@pytest.mark.parametrize("name", start.jobs())
def test_each_job_explains_itself(name: str, clone: Path) -> None:
    """In a new clone, too: for a help text nothing is installed."""
    done = run(str(clone / "start.py"), name, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: python3 start.py {name}\n\n")
    assert start.jobs()[name].text in done.stdout
    assert not (clone / ".venv").exists()
    assert not (clone / ".nox").exists()


@pytest.mark.parametrize(
    "name", [name for name, job in start.jobs().items() if job.command]
)
def test_an_installed_job_explains_its_options(name: str) -> None:
    """It reads --help itself, and does nothing else."""
    done = start_py(name, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: ")
    assert not done.stderr


def test_a_learner_s_job_needs_no_nox() -> None:
    """It is run at once; several jobs, and the others, are nox's."""
    assert start.directly([]) == ["course.page"]
    assert start.directly(["grade", "1"]) == ["course.grader", "1"]
    assert start.directly(["grade", "--", "1"]) == ["course.grader", "1"]
    for words in (["lint"], ["grade", "lint"], ["-s", "grade"]):
        assert start.directly(words) is None


def test_serving_takes_what_learning_has() -> None:
    """The two locks agree, so that the second is installed on the first."""
    serve, learn = (
        set(re.findall(r"^([\w.-]+==[^ \\]+)", lock, re.MULTILINE))
        for lock in map(start.locked, (start.SERVE, start.LEARN))
    )
    assert serve < learn


def test_a_session_that_is_not_there_is_told_where_they_are() -> None:
    """The jobs are listed by one option."""
    command = [VENV_PYTHON, "-m", "nox", "-s", "gradee"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "gradee (python3 start.py --help lists them)" in done.stderr
