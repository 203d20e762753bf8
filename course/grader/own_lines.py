"""A traceback, shortened to the lines that the learner wrote."""

import re
from dataclasses import replace
from pathlib import Path

from course.grader.result import Exercise

FRAME = re.compile(r'  File "(.+)", line \d+')
CHAINED = ("Traceback (most", "During handling", "The above exception")
BETWEEN = re.compile(r"\n(?:_ ?)+\n")  # two entries of pytest's


def shortened(exercise: Exercise) -> Exercise:
    """Shorten the tracebacks of all its checks."""
    checks = tuple(
        replace(check, traceback=own(check.traceback, check.place))
        for check in exercise.checks
    )
    return replace(exercise, checks=checks)


def own(traceback: str, place: str) -> str:
    """Keep what is of the learner's file; if nothing is, the last entry."""
    file = Path(place.rpartition(":")[0]).name
    python = own_frames(traceback, file)
    if python:
        return python
    entries = BETWEEN.split(traceback)
    kept = [each for each in entries if file and in_file(each, file)]
    return "\n\n".join(kept or entries[-1:])


def in_file(entry: str, file: str) -> bool:
    """Whether an entry's last line, FILE:LINE: ERROR, names the file."""
    last = entry.rstrip().rpartition("\n")[2]
    return Path(last.partition(":")[0]).name == file


def own_frames(traceback: str, file: str) -> str:
    """Keep the file's frames and the errors of a traceback of Python's."""
    lines, keep = [], True
    for part in traceback.split("\n\n"):
        if not part.startswith(CHAINED):
            break
        for line in part.splitlines():
            if frame := FRAME.match(line):
                keep = Path(frame[1]).name == file
            elif not line.startswith(" "):
                keep = True
            if keep:
                lines.append(line)
    return "\n".join(lines)
