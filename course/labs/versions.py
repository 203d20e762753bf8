"""Record one request on three versions of FastAPI, one below the other.

The task of borrowed_session.py uses the database session of the request.
Whether that is still open then has changed twice.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from course.timeline import Recording, compare, show, stacked

from .environments import ROOT, environment

FASTAPI = ["0.105.0", "0.117.1", "newest"]
APP = "course.labs.borrowed_session:app"
KEPT = Path(__file__).parent / "recordings"


def recorded(fastapi: str, python: str) -> Recording:
    """Record the request in an environment with this FastAPI."""
    program = environment(fastapi, python, "sqlalchemy>=2.1")
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder, "saved.json")
        command = [
            *(str(program), "-m", "course.timeline", APP),
            *("POST", "/run-task/report", "--save", str(saved)),
        ]
        settings = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=settings,
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


def main() -> None:
    """Record, show, and keep the recordings and both pictures."""
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
    KEPT.mkdir(exist_ok=True)
    names = ["oldest", "between", "newest"]
    for name, recording in zip(names, made, strict=True):
        file = KEPT / f"borrowed-{name}.json"
        file.write_text(recording.to_json(indent=1) + "\n", "utf-8")
    for theme in ("light", "dark"):
        file = KEPT / f"borrowed-{theme}.svg"
        file.write_text(stacked(made, notes, theme) + "\n", "utf-8")
    print(f"\nWritten: {KEPT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
