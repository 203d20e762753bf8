"""The command line's part for tasks that run in other processes."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .following import environment

WORKER = """\
Start a worker so that it writes what it does for tasks into FOLDER: with the
command you start it with anyway. A scheduler is started in the same way. No
line of code changes.

  %(prog)s ./seen celery -A shop.tasks worker
  %(prog)s ./seen python -m shop.worker

Then record a request into the same folder, in another terminal:

  fastapi-timeline shop.web:app POST /orders --join ./seen
"""
FOLDER = "where all processes write what they do for tasks"


def worker(program: str, given: Sequence[str]) -> None:
    """Become the worker; an OSError says why that cannot be."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        f"{program} worker", description=WORKER, formatter_class=form
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help=FOLDER)
    command = {"nargs": argparse.REMAINDER, "metavar": "COMMAND"}
    parser.add_argument("command", help="what starts it", **command)  # type: ignore[arg-type]
    chosen = parser.parse_args(given)
    if not chosen.command:
        parser.error("say what starts the worker")
    sys.stdout.flush()
    variables = os.environ | environment(chosen.folder)
    os.execvpe(chosen.command[0], chosen.command, variables)  # noqa: S606
