"""Test that all is in place: the packages, each stage, all solutions.

It takes about a minute, uses free ports and a temporary folder, and does not
disturb a course that is running. `python3 start.py tests` tests far more.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import httpx2
from packaging.requirements import Requirement
from rich.console import Console

from course import mailbox, ports
from course.apart import Apart, NotStartedError
from course.folders import ROOT, environment
from course.processes import NoServerError, told_to_stop
from course.stage import Stage, find_stages
from course.typed import Parser
from course.workers import until

LOCK = ROOT / "locks" / "learn.txt"
PATIENCE = 120  # seconds that a task may take on a busy machine
AT_ONCE = 2


class Failed(Exception):  # noqa: N818 (it is what the table says)
    """Something is not as it should be; the text says what."""


@dataclass(frozen=True)
class Check:
    """One row of the table: what is looked at, and how."""

    title: str
    run: Callable[[], str]  # returns what it found; raises Failed


def packages() -> str:
    """Compare what is installed with the lock."""
    wrong, count = [], 0
    for line in LOCK.read_text("utf-8").splitlines():
        if line.startswith((" ", "#")) or "==" not in line:
            continue
        wanted = Requirement(line.rstrip(" \\"))
        if wanted.marker and not wanted.marker.evaluate():
            continue
        count += 1
        try:
            found = version(wanted.name)
        except PackageNotFoundError:
            found = "not there"
        if not wanted.specifier.contains(found if found[0].isdigit() else "0"):
            wrong.append(f"{wanted.name} is {found}")
    if wrong:
        raise Failed(
            f"{', '.join(wrong[:5])}: remove the folder .venv, then run the"
            " same command again."
        )
    return f"{count} as locked; FastAPI {version('fastapi')}"


@contextmanager
def at_work(stage: Stage, settings: dict[str, str]) -> Iterator[Apart]:
    """Run a stage in a folder of its own."""
    with tempfile.TemporaryDirectory(
        prefix="course-", ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        folder.chmod(0o755)  # root's PostgreSQL runs as somebody else
        (folder / "data").mkdir()
        mailbox.authority(folder / "data")
        apart = Apart(stage, folder, settings)
        try:
            apart.start()
            yield apart
        finally:
            apart.stop()


def stage_works(stage: Stage) -> str:
    """Start it, send it a request, and see that the task was done."""
    try:
        with at_work(stage, {"SMTP_PORT": str(ports.free_port())}) as apart:
            paths = apart.openapi()["paths"]
            done = task_recorded if "/task-logs/" in paths else line_written
            return done(apart)
    except NotStartedError as error:
        raise Failed(f"It did not start: {error}") from None
    except httpx2.HTTPError as error:
        raise Failed(f"{type(error).__name__}: {error}") from None


def post(apart: Apart, path: str) -> None:
    """Send a request, which must be accepted."""
    answer = httpx2.post(
        f"{apart.base}{path}", timeout=PATIENCE, trust_env=False
    )
    if not answer.is_success:
        raise Failed(f"POST {path}: {answer.status_code} {answer.text}")


def line_written(apart: Apart) -> str:
    """Stages 1 to 4: the task writes a line to a file."""
    post(apart, "/send-notification/ada@example.com")
    file = apart.folder / "data" / "notifications.txt"

    def written() -> bool:
        return file.exists() and "ada@example.com" in file.read_text("utf-8")

    try:
        until(written, PATIENCE)
    except TimeoutError:
        raise Failed(f"{file.name} was not written.") from None
    return "answered, and its task wrote its line"


def task_recorded(apart: Apart) -> str:
    """From stage 5 on: the row says what happened to the task."""
    post(apart, "/run-task/report")

    def rows() -> list[dict[str, Any]]:
        url = f"{apart.base}/task-logs/"
        answer = httpx2.get(url, timeout=PATIENCE, trust_env=False)
        found: list[dict[str, Any]] = answer.raise_for_status().json()
        return found

    def completed() -> bool:
        return any(row["status"] == "completed" for row in rows())

    try:
        until(completed, PATIENCE)
    except TimeoutError:
        raise Failed(f"The row says: {rows()}") from None
    return "answered, and its task is completed"


def solutions() -> str:
    """Grade all solutions: each must be right."""
    with tempfile.TemporaryDirectory(prefix="course-") as folder:
        report = Path(folder, "report.json")
        words = ["--target=solutions", "--deadline=60", f"--json={report}"]
        subprocess.run(
            [sys.executable, "-m", "course.grader", *words],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if not report.exists():
            raise Failed("The grader gave no report.")
        result = json.loads(report.read_text("utf-8"))
    states = {one["name"]: one["state"] for one in result["exercises"]}
    if wrong := [name for name, state in states.items() if state != "right"]:
        raise Failed(
            f"Not right: {', '.join(wrong)}. python3 start.py grade"
            " --target=solutions says more."
        )
    return f"{len(states)} exercises, all right"


def checks() -> list[Check]:
    """Return all that is looked at, in the order of the table."""
    found = [Check("Packages", packages)]
    stages = [
        Check(
            f"Stage {stage.number}: {stage.title}",
            lambda stage=stage: stage_works(stage),  # type: ignore[misc]
        )
        for stage in find_stages()
    ]
    return [*found, *stages, Check("Solutions", solutions)]


def row(console: Console, check: Check, done: Future[str]) -> bool:
    """Print what came of a check; return whether it is right."""
    try:
        text, sign = done.result(), "[green]✓[/]"
    except (Failed, NoServerError, OSError) as error:
        text, sign = str(error), "[red]✗[/]"
    console.print(sign, check.title, style="bold", end="  ", soft_wrap=True)
    console.print(text, markup=False, soft_wrap=True)
    return not done.exception()


def main() -> None:
    """Check all of it, and say what is wrong."""
    Parser("test", description=__doc__).parse_args()
    console = Console(highlight=False)
    began = time.monotonic()
    wanted = checks()
    with told_to_stop(), ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(check.run) for check in wanted]
        try:
            with console.status("Starting each stage, grading the solutions"):
                right = [*map(row, [console] * len(wanted), wanted, running)]
        except KeyboardInterrupt:
            for each in running:
                each.cancel()
            sys.exit("Stopped.")
    took = f"{time.monotonic() - began:.0f} s"
    if not all(right):
        sys.exit(f"{right.count(False)} of {len(right)} are wrong ({took}).")
    console.print(f"All is in place, and every lesson works ({took}).")


if __name__ == "__main__":
    main()
