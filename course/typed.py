"""What is typed to start a job of the course, and what is wrong with it.

Only the standard library: it is there before anything is drawn.
"""

import argparse
import os
import sys
from typing import Any, NoReturn


def command(job: str, *arguments: str) -> str:
    """Write what a learner types, as the README does."""
    python = "py" if os.name == "nt" else "python3"
    return " ".join([python, "start.py", job, *arguments])


class Parser(argparse.ArgumentParser):
    """Reads the arguments after `python3 start.py JOB`."""

    def __init__(self, job: str, **more: Any) -> None:
        super().__init__(
            command(job),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **more,
        )

    def error(self, message: str) -> NoReturn:
        """Say it in a sentence, below it how the job is used."""
        print(f"{message[:1].upper()}{message[1:]}.", file=sys.stderr)
        self.print_usage(sys.stderr)
        self.exit(2)
