"""Record one request on three versions of FastAPI, one below the other.

The task of borrowed_session.py uses the database session of the request.
Whether that is still open then has changed twice.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from course.folders import data_dir, environment
from course.typed import Parser
from fastapi_timeline import Recording, compare, show, stacked

from . import environments

FASTAPI = ["0.105.0", "0.117.1", "newest"]
APP = "course.labs.borrowed_session:app"
NAMES = ["oldest", "between", "newest"]
KEPT = Path(__file__).parent / "recordings"


def recorded(fastapi: str, python: str) -> Recording:
    """Record the request in an environment with this FastAPI."""
    program = environments.environment(fastapi, python, "sqlalchemy>=2.1")
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder, "saved.json")
        command = [
            *(str(program), "-m", "fastapi_timeline", APP),
            *("POST", "/run-task/report", "--save", str(saved)),
        ]
        done = subprocess.run(
            command,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"FastAPI {fastapi} was not recorded:\n{done.stderr}")
        recording = Recording.from_json(saved.read_text("utf-8"))
    if recording.status != "200" or "track_task ended" not in recording.order:
        sys.exit(
            f"FastAPI {fastapi} did not answer as it must:\n{done.stdout}"
        )
    return recording


def parser() -> Parser:
    """Describe the session."""
    made = Parser("versions", description=__doc__)
    help_ = "write into course/labs/recordings, which a notebook shows"
    made.add_argument("--keep", action="store_true", help=help_)
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Record, show, and write the recordings and both pictures."""
    given = parser().parse_args(arguments)
    python = ".".join(map(str, sys.version_info[:2]))
    made = [recorded(fastapi, python) for fastapi in FASTAPI]
    notes = [f"FastAPI {r.versions['fastapi']}" for r in made]
    console = Console(highlight=False)
    for number, recording in enumerate(made):
        if number:
            print(f"\n{notes[number - 1]} → {notes[number]}")
            print(compare(made[number - 1], recording))
        print(f"\n{notes[number]}")
        show(recording, console)
    folder = KEPT if given.keep else data_dir() / "versions"
    folder.mkdir(exist_ok=True)
    for name, recording in zip(NAMES, made, strict=True):
        file = folder / f"borrowed-{name}.json"
        file.write_text(recording.to_json(indent=1) + "\n", "utf-8")
    for theme in ("light", "dark"):
        file = folder / f"borrowed-{theme}.svg"
        file.write_text(stacked(made, notes, theme) + "\n", "utf-8")
    print(f"\nWritten: {folder}")


if __name__ == "__main__":
    main()
