"""Set up the course and run its jobs: python3 start.py [JOB [ARGUMENT ...]].

Without a job it serves the course; what begins with - is for nox. Only the
standard library is used here, and only what Python 3.6 understands, so that
an old one can say so.
"""

import signal
import sys


def stopped(*_):
    """Answer Ctrl-C with one line, whatever is being done."""
    print("stopped", file=sys.stderr)
    sys.exit(130)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, stopped)  # the imports below take a moment

import ast
import difflib
import os
import subprocess
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
RUN = ROOT / "course" / "run.py"
LOCK = ROOT / "locks" / "learn.txt"
NOXFILE = ROOT / "noxfile.py"
NO_VENV = (
    "This Python cannot make virtual environments: install its venv module"
    " (Debian, Ubuntu: sudo apt install python%d.%d-venv), then run the same"
    " command again." % sys.version_info[:2]
)
USAGE = """usage: python3 start.py [JOB [ARGUMENT ...]]

Without a job, the course is served. JOB --help explains a job's arguments;
several jobs run one after another. The jobs, the learner's first:

%s

What begins with - is for nox (.venv/bin/nox --help): -l lists the jobs, and
-s JOB -- ARGUMENT ... runs one."""
OLDEST, NEWEST = (3, 11), (3, 13)  # the Pythons that it was tried on


def check_python():
    """Refuse a Python that is too old; name one newer than those tried."""
    found = ".".join(map(str, sys.version_info[:2]))
    if sys.version_info < OLDEST:
        sys.exit(
            "The course needs Python %d.%d or newer and this is %s: install"
            " one, then start it with that, e.g. python3.13 start.py."
            % (*OLDEST, found)
        )
    if sys.version_info[:2] > NEWEST:
        print(
            "Python %s is newer than those the course was tried on"
            " (up to %d.%d): going on." % (found, *NEWEST),
            file=sys.stderr,
        )


def run(remedy, *command):
    """Run a command quietly; if it fails, say why and what to do."""
    environment = {"UV_SYSTEM_CERTS": "1", **os.environ}
    done = subprocess.run(  # noqa: PLW1510 (the code is looked at below)
        list(map(str, command)),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    if done.returncode:
        said = done.stdout.strip().splitlines() or ["(it said nothing)"]
        sys.exit("\n".join([*said[-6:], "", remedy]))


def bundled_pip():
    """Return the pip that Python brings along; it runs from its wheel.

    Installing it first (ensurepip) would take longer than all the rest.
    """
    try:
        import ensurepip  # noqa: PLC0415 (Debian's Python may lack it)
    except ImportError:
        sys.exit(NO_VENV)
    debian = sysconfig.get_config_var("WHEEL_PKG_DIR")
    bundled = Path(ensurepip.__file__).parent / "_bundled"
    for folder in (bundled, Path(debian or "/usr/share/python-wheels")):
        for wheel in folder.glob("pip-*.whl"):
            return wheel / "pip"
    sys.exit(NO_VENV)


def prepare():
    """Make .venv hold what a learner needs, if it does not yet."""
    base = getattr(sys, "_base_executable", sys.executable)
    stamp = VENV / "course.stamp"
    wanted = "%s\n%s\n%s" % (ROOT, sys.version, LOCK.read_text("utf-8"))
    if stamp.is_file() and stamp.read_text("utf-8") == wanted:
        return
    print("Preparing .venv (once, a few seconds) ...", file=sys.stderr)
    try:
        (ROOT / ".venv").mkdir(exist_ok=True)
        (VENV / "writable").touch()
    except OSError as error:
        sys.exit(
            "%s: put the course into a folder that you can write to." % error
        )
    pip = bundled_pip()
    if Path(sys.prefix) != VENV:  # a venv can't replace itself while it runs
        run(NO_VENV, base, "-m", "venv", "--clear", "--without-pip", VENV)
    network = (
        "The packages did not arrive: connect this machine to the network"
        " once (or set PIP_INDEX_URL and UV_INDEX_URL to your mirror), then"
        " run the same command again."
    )
    hashed = ["install", "-q", "--require-hashes", "-r"]
    options = ["--disable-pip-version-check", "--retries=1"]
    run(network, PYTHON, pip, *options, *hashed, ROOT / "locks" / "start.txt")
    run(network, PYTHON, "-m", "uv", "pip", *hashed, LOCK)
    packages = sysconfig.get_path("purelib", "venv", {"base": str(VENV)})
    Path(packages, "course.pth").write_text(str(ROOT), "utf-8")
    stamp.write_text(wanted, "utf-8")


def jobs() -> "dict[str, str]":
    """Return the jobs of noxfile.py by name, with what each does."""
    return {
        function.name.replace("_", "-"): ast.get_docstring(function) or ""
        for function in ast.parse(NOXFILE.read_text("utf-8")).body
        if isinstance(function, ast.FunctionDef)
        and "nox.session" in "".join(map(ast.unparse, function.decorator_list))
    }


def for_nox(words: "list[str]") -> "list[str]":
    """Turn JOB ARGUMENT ... into what nox reads: -s JOB -- ARGUMENT ..."""
    if not words:
        return ["-s", "serve"]
    if words[0] in ("-h", "--help"):
        lines = ["  %-10s %s" % job for job in jobs().items()]
        print(USAGE % "\n".join(lines))
        sys.exit()
    if words[0].startswith("-"):
        return words
    known = jobs()
    if words[0] not in known:
        near = difflib.get_close_matches(words[0], known, 1, 0.5)
        hint = "Did you mean %s? " % near[0] if near else ""
        sys.exit(
            "There is no job %s. %spython3 start.py --help lists the jobs."
            % (words[0], hint)
        )
    names = words[: words.index("--")] if "--" in words else words
    if known.keys() >= set(names):  # jobs alone, or with -- and arguments
        return ["-s", *words]
    return ["-s", words[0], "--", *words[1:]]


def main():
    """Prepare, then hand every argument to nox; its exit code is ours."""
    check_python()
    arguments = for_nox(sys.argv[1:])
    prepare()
    noxfile = ["--noxfile", str(NOXFILE)]
    command = [str(PYTHON), str(RUN), "nox", *noxfile, *arguments]
    if os.name != "nt":  # Ctrl-C waits until RUN can answer it
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        os.execv(command[0], command)
    process = subprocess.Popen(command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # nox was told as well
    sys.exit(process.wait())


if __name__ == "__main__":
    main()
