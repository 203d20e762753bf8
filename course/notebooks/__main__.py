"""Make the notebooks: each notebooks/NAME.py becomes an executed .ipynb.

python -m course.notebooks            all of them
python -m course.notebooks 01 testing  some
python -m course.notebooks --check    run all, write nothing; fail if a .py
                                      shows a warning, or if the .ipynb
                                      beside it is not made from it

Outputs are never compared, because times differ. Notebooks are made one at a
time, so that no other one changes the times that they show. They are checked
several at a time, in any order: each has its own kernel and folder.
"""

import argparse
import os
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn

from .execute import Failed, executed, write
from .pairs import outdated, sources


def make(source: Path, *, check: bool) -> tuple[str, Path | None]:
    """Make or check one notebook.

    Return the reason if it failed, and the copy of the old notebook if its
    text was different.
    """
    if check and (difference := outdated(source)):
        return f"{difference}: python3 start.py notebooks", None
    try:
        notebook = executed(source)
    except Failed as reason:
        return str(reason), None
    copy = None if check else write(notebook, source)
    return "", copy


def make_all(
    chosen: list[Path], console: Console, *, check: bool, jobs: int
) -> int:
    """Make them, some at a time; count those that failed."""
    bad = 0
    columns = SpinnerColumn(), TextColumn("{task.description}")
    with (
        Progress(*columns, console=console, transient=True) as progress,
        ThreadPoolExecutor(jobs) as threads,
    ):

        def timed(source: Path) -> tuple[Path, str, Path | None, float]:
            began, row = time.monotonic(), progress.add_task(source.stem)
            try:
                reason, copy = make(source, check=check)
            finally:
                progress.remove_task(row)
            return source, reason, copy, time.monotonic() - began

        running = [threads.submit(timed, source) for source in chosen]
        for number, each in enumerate(as_completed(running), 1):
            source, reason, copy, seconds = each.result()
            sign = "✗" if reason else "✓"
            line = f"{sign} {number}/{len(chosen)} {source.stem}"
            console.print(escape(f"{line}  {seconds:.1f} s"))
            if copy:
                text = f"    the old one is in {copy.parent.name}/{copy.name}"
                console.print(escape(text), soft_wrap=True)
            if reason:
                text = reason.replace("\n", "\n    ")
                console.print(escape(f"    {text}"), soft_wrap=True)
                bad += 1
    return bad


def main() -> int:
    """Make or check them; the exit code is 1 if one failed."""
    parser = argparse.ArgumentParser(
        "python -m course.notebooks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("notebooks", nargs="*", metavar="NAME")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--jobs", type=int, metavar="N")
    given = parser.parse_args()
    chosen, jobs = sources(given.notebooks), 1
    if given.check:
        random.shuffle(chosen)
        jobs = (os.cpu_count() or 1) + 1  # a lesson waits half of its time
    bad = make_all(
        chosen,
        Console(highlight=False),
        check=given.check,
        jobs=given.jobs or jobs,
    )
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
