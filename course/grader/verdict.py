"""Judge what came back of a check. What did not come back is no point."""

import re
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

from course.grader.exercises import shown
from course.grader.result import Check, PlannedCheck

PASSED = ["passed"] * 3  # set-up, call and tear-down
STACK_LINE = re.compile(r'File "(.+)", line (\d+) in ')
TOO_BUSY = (
    "This machine is too busy to check it: end other programs, then grade it"
    " again."
)
LONG = 4.5  # seconds: what waits in a check gives up after five
STARVED = 0.25  # of its time that a check may wait for a processor

Heard = dict[str, Any]  # what a process and its parent said of its check


def judge(
    planned: PlannedCheck, heard: Heard, target: Path, deadline: float
) -> Check:
    """Say what became of the check."""
    blank = Check(
        planned.name,
        "wrong",
        planned.points,
        promise=planned.promise,
        why=planned.why,
    )
    if heard.get("machine"):
        return not_run(blank, "this machine", str(heard["machine"]))
    lost = _lost(heard, deadline)
    own = _own(heard)
    if not lost and heard.get("phases") == PASSED and own is None:
        return replace(blank, state="right")
    if heard.get("phase") == "importing" and (lost or own is None):
        blank = not_run(blank, "the answer", lost)
        blank = replace(blank, imported=False)
    check = replace(blank, message=lost, **_stood(heard, target))
    if not lost and own is not None:
        check = replace(
            own,
            name=planned.name,
            state="not run" if own.state == "not run" else "wrong",
            max_points=planned.points,
            expected=own.expected or planned.promise,
            promise=planned.promise,
            why=planned.why,
        )
    file, _, line = check.place.rpartition(":")
    place = f"{shown(Path(file), Path.cwd())}:{line}" if file else ""
    if not check.imported:
        check = replace(check, expected="", got="")
    return replace(check, place=place, printed=str(heard.get("printed", "")))


def not_run(check: Check, fault: Any, message: str) -> Check:
    """Say why a check was not run."""
    return replace(check, state="not run", fault=fault, message=message)


def shaky(check: Check, heard: Heard) -> bool:
    """See whether it may come out otherwise, when it is run by itself.

    A signal killed its process, or somebody removed its folder; or the
    machine had no room, or no time.
    """
    if check.state == "right":
        return False
    status = heard.get("status")
    killed = isinstance(status, int) and status < 0 and not heard.get("cut")
    broken = killed or bool(heard.get("gone"))
    return broken or check.fault == "this machine" or was_starved(heard)


def at_last(check: Check, heard: Heard) -> Check:
    """Judge it after the last try: a busy machine is not its fault."""
    busy = heard.get("cut") == "busy"
    if busy or (check.state == "wrong" and was_starved(heard)):
        return not_run(check, "this machine", TOO_BUSY)
    return check


def was_starved(heard: Heard) -> bool:
    """See whether a check got no processor, so that its own clocks ran out.

    Its deadline is none of these: that one stands meanwhile.
    """
    if heard.get("cut"):
        return bool(heard["cut"] == "busy")
    waited, took = heard.get("starved"), heard.get("seconds")
    if not isinstance(waited, float) or not isinstance(took, float):
        return False
    return took > LONG and waited > STARVED * took


def _own(heard: Heard) -> Check | None:
    """Read what the check's own process said of its failure."""
    try:
        return Check.read(heard["check"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _lost(heard: Heard, deadline: float) -> str:
    """Say why its own words are not there, or that they can't be used."""
    doing = "Its import" if heard.get("phase") == "importing" else "It"
    cut = {
        "late": f"did not end within {deadline:g} s",
        "flood": "printed more than 1 MB, and was stopped there",
        "long": "was stopped: its reports are too long",
    }.get(str(heard.get("cut")))
    if cut:
        return f"{doing} {cut}."
    if "raised" in heard:
        return f"{doing} broke off its check: {heard['raised']}."
    if _own(heard) or (
        heard.get("phases") == PASSED and not heard.get("check")
    ):
        return ""
    status = heard.get("status")
    if isinstance(status, int) and status < 0:
        return f"{doing} was killed by {_signal_name(-status)}."
    if "phases" in heard or "check" in heard:
        return f"{doing} left no result that can be read."
    code = f" (exit code {status})" if status else ""
    return (
        f"{doing} ended the whole process{code}: an answer may raise or"
        " return, but not exit."
    )


def _stood(heard: Heard, target: Path) -> dict[str, Any]:
    """Choose the learner's own line from the stacks of its end."""
    stacks = str(heard.get("stood", ""))
    for file, line in STACK_LINE.findall(stacks):
        if target in Path(file).parents:
            return {
                "place": f"{file}:{line}",
                "code": _code(Path(file), int(line)),
                "got": "it stood at the line below",
                "traceback": stacks,
            }
    return {"traceback": stacks}


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _code(file: Path, line: int) -> str:
    try:
        lines = file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return lines[line - 1].strip() if 0 < line <= len(lines) else ""
