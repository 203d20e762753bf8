"""Judge what came back of a check. What did not come back is no point."""

import linecache
import os
import re
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

from course.grader.exercises import shown
from course.grader.result import Check, PlannedCheck, read_check

PASSED = ["passed"] * 3  # set-up, call and tear-down
PLACE = re.compile(r"(.+):(\d{1,9})")
STACK_LINE = re.compile(r'File "(.+)", line (\d+) in ')
TOO_BUSY = (
    "This machine is too busy to check it: end other programs, then grade it"
    " again."
)
LONG = 4.5  # seconds: what waits in a check gives up after five
CUT = {
    "late": "did not end within {deadline:g} s",
    "flood": "printed more than 1 MB, and was stopped there",
    "long": "was stopped: its reports are too long",
}

Heard = dict[str, Any]  # what a process and its parent said of its check


def judge(
    planned: PlannedCheck, heard: Heard, target: Path, deadline: float
) -> Check:
    """Say what became of the check."""
    check = planned.to("wrong")
    if heard.get("machine"):
        return check.not_run("this machine", str(heard["machine"]))
    lost, own = _lost(heard, deadline), _own(heard)
    if not lost and heard.get("phases") == PASSED and own is None:
        return planned.to("right")
    if not lost and own is not None:
        check = planned.to(
            "not run" if own.state == "not run" else "wrong", own
        )
        check = replace(check, expected=own.expected or planned.promise)
    elif heard.get("phase") == "importing":
        check = replace(check.not_run("the answer", ""), imported=False)
    if lost:
        stood = str(heard.get("stood", ""))
        own_lines = (
            f"{file}:{line}"
            for file, line in STACK_LINE.findall(stood)
            if target in Path(file).parents
        )
        place = next(own_lines, "")
        check = replace(check, message=lost, traceback=stood, place=place)
    if not check.imported:
        check = replace(check, expected="", got="")
    check = replace(check, printed=str(heard.get("printed", "")))
    found = PLACE.fullmatch(check.place)
    if found is None:
        return replace(check, place="")
    file, line = Path(found[1]), int(found[2])
    linecache.checkcache(found[1])  # it may have been saved again
    a_file = os.path.isfile(file)  # noqa: PTH113 (any text may be its name)
    code = linecache.getline(found[1], line) if a_file else ""
    place = f"{shown(file, Path.cwd())}:{line}"
    return replace(check, place=place, code=code.strip())


def shaky(check: Check, heard: Heard, share: float) -> bool:
    """See whether it may come out otherwise, when it is run by itself.

    A signal killed its process, or somebody removed its folder; or the
    machine had no room, or no time.
    """
    if check.state == "right":
        return False
    status = heard.get("status")
    killed = isinstance(status, int) and status < 0 and not heard.get("cut")
    broken = killed or bool(heard.get("gone"))
    machine = check.fault == "this machine"
    return broken or machine or was_starved(heard, share)


def at_last(check: Check, heard: Heard, share: float) -> Check:
    """Judge it after the last try: a busy machine is not its fault."""
    busy = heard.get("cut") == "busy"
    if busy or (check.state == "wrong" and was_starved(heard, share)):
        return check.not_run("this machine", TOO_BUSY)
    return check


def was_starved(heard: Heard, share: float) -> bool:
    """See whether a check got no processor, so that its own clocks ran out.

    It waited for one during more than this share of its time. Its deadline
    is none of its clocks: that one stands meanwhile.
    """
    if heard.get("cut"):
        return bool(heard["cut"] == "busy")
    waited, took = heard.get("starved"), heard.get("seconds")
    if not isinstance(waited, float) or not isinstance(took, float):
        return False
    return took > LONG and waited > share * took


def _own(heard: Heard) -> Check | None:
    """Read what the check's own process said of its failure."""
    try:
        return read_check(heard["check"])
    except (KeyError, ValueError):
        return None


def _lost(heard: Heard, deadline: float) -> str:
    """Say why its own words are not there, or that they can't be used."""
    doing = "Its import" if heard.get("phase") == "importing" else "It"
    if cut := CUT.get(str(heard.get("cut"))):
        return f"{doing} {cut.format(deadline=deadline)}."
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


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
