"""What is typed to start a session of the course, and what is wrong with it.

Only the standard library: it is there before anything is drawn.
"""

import argparse
import os
import sys
from typing import Any, NoReturn


def command(session: str, *arguments: str) -> str:
    """Write what a learner types, as the README does."""
    python = "py" if os.name == "nt" else "python3"
    after = ["--", *arguments] if arguments else []
    return " ".join([python, "start.py", "-s", session, *after])


class Parser(argparse.ArgumentParser):
    """Reads what stands behind `python3 start.py -s SESSION --`."""

    def __init__(self, session: str, **more: Any) -> None:
        super().__init__(
            f"{command(session)} --",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **more,
        )

    def error(self, message: str) -> NoReturn:
        """Say it in a sentence, below it how the session is used."""
        print(f"{message[:1].upper()}{message[1:]}.", file=sys.stderr)
        self.print_usage(sys.stderr)
        self.exit(2)
