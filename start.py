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
import functools
import os
import subprocess
import sysconfig
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
RUN = ROOT / "course" / "run.py"
LOCKS = ROOT / "locks"
SERVE, LEARN = "serve", "learn"  # what the page needs, and all of a learner's
NOXFILE = ROOT / "noxfile.py"
NO_VENV = (
    "This Python cannot make virtual environments: install its venv module"
    " (Debian, Ubuntu: sudo apt install python%d.%d-venv), then run the same"
    " command again." % sys.version_info[:2]
)
NETWORK = (
    "The packages did not arrive: connect this machine to the network once"
    " (or set PIP_INDEX_URL and UV_INDEX_URL to your mirror), then run the"
    " same command again."
)
USAGE = """usage: python3 start.py [JOB [ARGUMENT ...]]

Without a job, the course is served. JOB --help explains a job.
%s
For teachers, and for those who change the course
%s

Several jobs run one after another. What begins with - is for nox:
python3 start.py -l says in a line what each job does."""
FOR_LEARNERS = ("Learn", "Look closer")  # groups that are explained
HELP = {"-h", "--help"}
HEADING = "# --- "  # in noxfile.py, above each group of jobs
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


def stamps():
    """Return, for each lock, where it is noted that it is installed."""
    about = "%s\n%s\n" % (ROOT, sys.version)
    return {
        name: (VENV / ("%s.stamp" % name), about + locked(name))
        for name in (LEARN, SERVE)
    }


def locked(name):
    """Return what a lock says."""
    return (LOCKS / ("%s.txt" % name)).read_text("utf-8")


def noted(stamp, wanted):
    """Whether a stamp says what is wanted."""
    return stamp.is_file() and stamp.read_text("utf-8") == wanted


def prepare(name=LEARN):
    """Make .venv hold what a lock says, if it does not yet.

    Serving needs a quarter of what a learner needs: it is installed first,
    and the rest when another job asks for it. All of it serves as well.
    """
    known = stamps()
    if any(noted(*known[each]) for each in {LEARN, name}):
        return
    serves = noted(*known[SERVE]) and PYTHON.exists()
    what = "Installing what this job needs" if serves else "Preparing .venv"
    print("%s (once, some seconds) ..." % what, file=sys.stderr)
    try:
        (ROOT / ".venv").mkdir(exist_ok=True)
        (VENV / "writable").touch()
    except OSError as error:
        sys.exit(
            "%s: put the course into a folder that you can write to." % error
        )
    if not serves:
        make_venv()
    install(LOCKS / ("%s.txt" % name), PYTHON, "-m", "uv", "pip")
    packages = sysconfig.get_path("purelib", "venv", {"base": str(VENV)})
    Path(packages, "course.pth").write_text(str(ROOT), "utf-8")
    stamp, wanted = known[name]
    stamp.write_text(wanted, "utf-8")


def make_venv():
    """Make .venv anew, and put uv into it."""
    base = getattr(sys, "_base_executable", sys.executable)
    pip = bundled_pip()
    if Path(sys.prefix) != VENV:  # a venv can't replace itself while it runs
        run(NO_VENV, base, "-m", "venv", "--clear", "--without-pip", VENV)
    options = ["--disable-pip-version-check", "--retries=1"]
    install(LOCKS / "start.txt", PYTHON, pip, options=options)


def install(lock, *command, options=()):
    """Install what a lock says, with its hashes."""
    words = ["install", *options, "-q", "--require-hashes", "-r", lock]
    run(NETWORK, *command, *words)


class Job:
    """A session of noxfile.py, as far as it can be read without nox."""

    def __init__(self, function, group):
        self.name = function.name
        for decorator in function.decorator_list:
            for keyword in getattr(decorator, "keywords", []):
                if keyword.arg == "name":
                    self.name = ast.literal_eval(keyword.value)
        self.group = group
        self.help = ast.get_docstring(function) or ""
        self.text = self.help.partition("\n")[0]
        self.command = None  # the module that a learner's job runs in .venv
        steps = [ast.unparse(step) for step in function.body[1:]]
        self.stays = any("invoked_from" in step for step in steps)
        last = function.body[-1]
        if len(steps) == 1 + self.stays and "learner(" in steps[-1]:
            words = last.value.args[1:]
            self.command = [ast.literal_eval(word) for word in words]


@functools.lru_cache(None)
def jobs() -> "dict[str, Job]":
    """Return the jobs of noxfile.py by name, in its order."""
    text = NOXFILE.read_text("utf-8")
    lines, found, group = text.splitlines(), {}, ""
    for function in ast.parse(text).body:
        if not isinstance(function, ast.FunctionDef):
            continue
        above = lines[: function.lineno]
        headings = [line for line in above if line.startswith(HEADING)]
        group = headings[-1][len(HEADING) :].rstrip(" -") if headings else ""
        if "nox.session" in "".join(map(ast.unparse, function.decorator_list)):
            job = Job(function, group)
            found[job.name] = job
    return found


def usage() -> str:
    """Return the help: the learner's jobs in their groups, then the rest."""
    text, group, others = "", "", []
    for job in jobs().values():
        if job.group not in FOR_LEARNERS:
            others.append(job.name)
            continue
        if job.group != group:
            group = job.group
            text += "\n%s\n" % group
        text += "  %-9s %s\n" % (job.name, job.text)
    return USAGE % (
        text,
        textwrap.indent(textwrap.fill(" ".join(others)), "  "),
    )


def explained(words: "list[str]") -> str:
    """Return the help of a job that would be installed first; else "".

    It is read from the noxfile: nothing is installed for it.
    """
    before = words[: words.index("--")] if "--" in words else words
    job = jobs().get(words[0]) if words else None
    if not job or not HELP & set(before[1:]):
        return ""
    needed = {LEARN, SERVE} if job.name == "serve" else {LEARN}
    known = stamps()
    if job.command and any(noted(*known[name]) for name in needed):
        return ""  # it says more itself
    return "usage: python3 start.py %s\n\n%s" % (job.name, job.help)


def for_nox(words: "list[str]") -> "list[str]":
    """Turn JOB ARGUMENT ... into what nox reads: -s JOB -- ARGUMENT ..."""
    if not words:
        return ["-s", "serve"]
    if words[0] in HELP:
        print(usage())
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
    # Jobs alone, or with -- and arguments; behind `ask` is a question.
    alone = words[0] != "ask" or len(words) == 1
    if alone and known.keys() >= set(names):
        return ["-s", *words]
    return ["-s", words[0], "--", *words[1:]]


def directly(words: "list[str]") -> "list[str] | None":
    """Return what a learner's job runs, without nox; None if it needs nox."""
    if words and words[0].startswith("-"):
        return None
    _, name, *rest = for_nox(words)
    job = jobs()[name]
    if job.command is None or rest[:1] not in ([], ["--"]):  # several jobs
        return None
    return [*job.command, *rest[1:]]


def main():
    """Prepare, then become what was asked for; its exit code is ours."""
    check_python()
    words = sys.argv[1:]
    help_text = explained(words)
    if help_text:
        print(help_text)
        return
    long = for_nox(words)
    command = directly(words)
    if command is None:
        command = ["nox", "--noxfile", str(NOXFILE), *long]
    elif not (words and jobs()[words[0]].stays):
        os.chdir(str(ROOT))
    prepare(SERVE if words[:1] in ([], ["serve"]) else LEARN)
    command = [str(PYTHON), str(RUN), *command]
    if os.name != "nt":  # Ctrl-C waits until RUN can answer it
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        os.execv(command[0], command)
    process = subprocess.Popen(command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it was told as well
    sys.exit(process.wait())


if __name__ == "__main__":
    main()
