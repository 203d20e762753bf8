"""Grade a whole class: each submission in a sandbox of its own."""

import argparse
import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TimeRemainingColumn

from course.classroom import alike, on_celery, work
from course.classroom.intake import Submission, take_in
from course.classroom.report import Row, write_all
from course.classroom.sandbox import NoSandboxError, Sandbox
from course.folders import ROOT
from course.grader.exercises import UsageError, choose, find
from course.processes import NoServerError, told_to_stop
from course.typed import Parser

EPILOG = """\
SUBMISSIONS is a folder, a .zip or a .tar.gz with a folder, an archive or
files for each student, as Moodle and Canvas export them. Stopped or killed,
the same command goes on; only what has changed is graded again.

exit codes: 0 all are graded, 130 Ctrl-C, 1 all else. In the course's
environment python -m course.classroom takes the same words and says more:
1 something could not be judged, 2 wrong use or no sandbox, 3 the course was
changed meanwhile
"""
INSTEAD = """\
Install it (Debian, Ubuntu: sudo apt install bubblewrap), or add
--trust-answers if you would run each of these answers yourself, or use a
container that has it:
  docker run --rm -it --privileged -v "{course}:/from:ro" \\
    -v "{source}:/submissions:ro" -v "{out}:/grades" \\
    python:3.12-bookworm sh -c "apt-get update && apt-get install -y \\
    bubblewrap && cp -r /from /course && cd /course && \\
    python3 start.py grade-class /submissions --out /grades\""""
GRADED = "{task.completed:.0f} of {task.total:.0f} are graded"
COLUMNS = (BarColumn(), GRADED, TimeRemainingColumn(), "left")
WRONG_USE = (UsageError, NoServerError, NoSandboxError)


class ChangedError(Exception):
    """The course is not what it was: no result can be trusted."""


def parser() -> argparse.ArgumentParser:
    """Describe the command."""
    found = Parser("grade-class", description=__doc__, epilog=EPILOG)
    add = found.add_argument
    add("submissions", type=Path, metavar="SUBMISSIONS", help="see below")
    help_ = "the folder to write (grades)"
    add("--out", type=Path, default="grades", metavar="FOLDER", help=help_)
    help_ = "grade only these, by number or by name"
    add("--exercises", nargs="+", default=[], metavar="N", help=help_)
    help_ = "keep names out of the pages, so that a class may see them"
    add("--anonymous", action="store_true", help=help_)
    cores = os.cpu_count() or 1
    help_ = f"submissions beside each other ({cores})"
    add("--at-once", type=int, default=cores, metavar="N", help=help_)
    help_ = "who grades: this command, or workers of Celery; or be a worker"
    engines = ["here", "celery", "worker"]
    add("--engine", choices=engines, default="here", help=help_)
    help_ = "use no sandbox: an answer may do all that you may"
    add("--trust-answers", action="store_true", help=help_)
    add("--checks", type=Path, default=ROOT / "checks", help=argparse.SUPPRESS)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Take in, grade, report; return the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    asked = parser().parse_args(words)
    try:
        with told_to_stop():
            return run(asked, words)
    except KeyboardInterrupt:
        print("Stopped: the same command goes on.", file=sys.stderr)
        return 130
    except ChangedError as error:
        print(error, file=sys.stderr)
        return 3
    except (*WRONG_USE, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2


def run(asked: argparse.Namespace, words: Sequence[str]) -> int:
    """Do what was asked for, in these words."""
    source, out = asked.submissions.resolve(), asked.out.resolve()
    if not source.exists():
        raise ValueError(f"There is no folder or archive {source}.")
    if source in [out, *out.parents]:
        raise ValueError("The grades would lie in the submissions: --out …")
    if out.exists() and not (out / "graded").is_dir() and any(out.iterdir()):
        raise ValueError(f"{out} holds something else: name another --out.")
    checks, at_once = asked.checks.resolve(), max(asked.at_once, 1)
    suites = choose(find(checks, checks), asked.exercises)
    store = work.Store(out / "graded", checks, [each.name for each in suites])
    sandbox = Sandbox(checks, store.folder, trusted=asked.trust_answers)
    try:
        sandbox.try_it()
    except NoSandboxError as error:
        instead = INSTEAD.format(course=ROOT, source=source, out=out)
        raise NoSandboxError(f"{error}\n{instead}") from None
    if asked.engine == "worker":
        on_celery.work(store, sandbox, at_once)
        return 0
    submissions = take_in(source, {int(s.number): s.name for s in suites})
    if not submissions:
        raise ValueError(f"There is nothing to grade in {source}.")
    jobs = {store.key(each.answers): each.answers for each in submissions}
    todo = store.begin(jobs)
    if asked.engine == "here":
        keys = work.grade(store, todo, sandbox, at_once)
    else:
        keys = on_celery.grade(store, todo, [*words, "--engine=worker"])
    with closing(keys):
        watch(store, keys, len(jobs), len(todo))
    store.forget({*jobs, store.worth})
    rows = rows_of(store, submissions, anonymous=asked.anonymous)
    write_all(out, rows)
    return report(rows, out)


def report(rows: list[Row], out: Path) -> int:
    """Say where the grades are; return the exit code."""
    print(f"{len(rows)} submissions are graded. Open {out / 'index.html'}")
    print("Beside it: gradebook.csv, moodle.csv, canvas.csv, grades.json,")
    print("and gradescope/, a results.json for each student.")
    unjudged = ", ".join(row.name for row in rows if row.unjudged)
    if unjudged:
        print(f"Not all could be judged: {unjudged}.")
        print("The same command grades these again.")
    return int(bool(unjudged))


def watch(
    store: work.Store, keys: Iterator[str], whole: int, todo: int
) -> None:
    """Show how long it will take; stop if an answer changes the course."""
    before = work.fingerprint(store.checks)
    with Progress(*COLUMNS, console=Console(stderr=True)) as progress:
        bar = progress.add_task("", total=whole, completed=whole - todo)
        for key in keys:
            if work.fingerprint(store.checks) != before:
                store.path(key).unlink(missing_ok=True)
                raise ChangedError(
                    "The course's own files were changed during the grading:"
                    " see git status. Restore them, delete the folder of"
                    " the grades, and grade anew in a sandbox."
                )
            progress.advance(bar)


def rows_of(
    store: work.Store, submissions: list[Submission], *, anonymous: bool
) -> list[Row]:
    """Join the results with the names, and with what is to be looked at."""
    worth = store.get(store.worth)
    copies = alike.report(submissions, store.checks.parent)
    rows = []
    for each, alike_to in zip(submissions, copies, strict=True):
        results = {name: {"state": "missing"} for name in store.names}
        if each.answers:
            results |= store.get(store.key(each.answers))
        nothing = {"message": "", "points": 0, "checks": []}
        whole = [worth[name] | nothing | results[name] for name in store.names]
        who = (each.name, each.number, each.late)
        rows.append(Row(*who, whole, each.notes, alike_to, each.name))
    if anonymous:
        keys = "".join(sorted(store.key(each.answers) for each in submissions))

        def mixed(row: Row) -> str:  # no classmate can tell the order
            text = f"{keys}\0{row.name}\0{row.number}"
            return hashlib.sha256(text.encode()).hexdigest()

        for place, row in enumerate(sorted(rows, key=mixed), start=1):
            row.shown = f"Student {place:02}"
    return sorted(rows, key=lambda row: (row.shown, row.number))


if __name__ == "__main__":
    sys.exit(main())
