"""Judge what came back of a check. What did not come back is no point."""

import errno
import re
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

from course.grader.model import Check, Claim, Fault

PHASES = ["setup", "call", "teardown"]
MACHINE = {
    str(number)
    for number in (
        errno.ENOSPC,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.EDQUOT,
    )
}
STACK_LINE = re.compile(r'File "(.+)", line (\d+) in ')


class Judge:
    """Knows where the answers are, and how their paths are shown."""

    def __init__(self, target: Path, deadline: float) -> None:
        self.target = target.resolve()
        self.deadline = deadline

    def check(self, claim: Claim, outcome: dict[str, Any]) -> Check:
        """Say what became of the check."""
        check = Check(claim.name, "wrong", claim.points, promise=claim.promise)
        if outcome.get("phase") == "importing":
            check = replace(
                check, state="not run", fault="the answer", imported=False
            )
        lost = self._lost(claim, outcome)
        if lost:
            check = replace(check, message=lost, **self._stood(outcome))
        else:
            check = self._reported(claim, check, outcome["reports"])
            left = outcome.get("left")
            if left and (check.state == "right" or _only_noise(check)):
                message = (
                    f"It left {' and '.join(map(str, left))} running: wait"
                    " for what you start, or stop it."
                )
                check = replace(check, state="wrong", message=message)
        if check.state == "right":
            return check
        return replace(check, printed=str(outcome.get("printed", "")))

    def _lost(self, claim: Claim, outcome: dict[str, Any]) -> str:
        """Say why its reports are not there, or that they can't be used."""
        cut = outcome.get("cut")
        doing = "Its import" if outcome.get("phase") == "importing" else "It"
        if cut:
            why = {
                "late": f"did not end within {self.deadline + claim.more:g} s",
                "flood": "printed more than 1 MB, and was stopped there",
            }
            return f"{doing} {why.get(cut, 'was stopped: ' + cut)}."
        if "raised" in outcome:
            return f"{doing} broke off its check: {outcome['raised']}."
        if _well_formed(outcome.get("reports")):
            return ""
        return f"{doing} {_ending(outcome)}"

    def _stood(self, outcome: dict[str, Any]) -> dict[str, Any]:
        """Choose the learner's own line from the stacks of its end."""
        stacks = str(outcome.get("stood", ""))
        for file, line in STACK_LINE.findall(stacks):
            if self.target in Path(file).parents:
                return {
                    "place": f"{self.shown(Path(file))}:{line}",
                    "code": _code(Path(file), int(line)),
                    "got": "it stood at the line below",
                    "traceback": stacks,
                }
        return {"traceback": stacks}

    def _reported(
        self, claim: Claim, check: Check, reports: list[dict[str, Any]]
    ) -> Check:
        failed = [each for each in reports if each["outcome"] != "passed"]
        if not failed and [each["when"] for each in reports] == PHASES:
            return replace(check, state="right", fault="", imported=True)
        if not failed:
            return replace(check, message="It left out a part of its check.")
        told = failed[0].get("told")
        if not isinstance(told, dict):
            message = "Its failure can't be explained; see the traceback."
            text = str(failed[0].get("longrepr", ""))
            return replace(check, message=message, traceback=text)
        told = {str(key): str(value) for key, value in told.items()}
        check = self._told(claim, check, told)
        fault: Fault
        if failed[0]["outcome"] == "skipped":
            message = told["text"] or "It was skipped."
            fault = "this machine"
        elif told.get("errno") in MACHINE:
            message, fault = _raised(told), "this machine"
        elif told.get("importing"):
            message = told.get("message") or _raised(told)
            return replace(
                check,
                state="not run",
                fault="the answer",
                imported=False,
                message=message,
                expected="",
                got="",
            )
        elif (
            failed[0]["when"] == "setup"
            and not check.place
            and told["kind"] != "Failed"
        ):
            message = f"{_raised(told)} (in our code, at {claim.line})"
            fault = "our bug"
        else:
            return check
        return replace(check, state="not run", fault=fault, message=message)

    def _told(self, claim: Claim, check: Check, told: dict[str, str]) -> Check:
        compared = told.get("expected") or told.get("message")
        got = told.get("got", "") if compared else _raised(told)
        place = ""
        if told.get("file"):
            place = f"{self.shown(Path(told['file']))}:{told['line']}"
        order = told.get("order", "")
        return replace(
            check,
            message=told.get("message", "") or ("" if compared else got),
            order=tuple(order.split(" → ")) if order else (),
            did=told.get("did", ""),
            picture=told.get("picture", ""),
            expected=told.get("expected") or claim.promise,
            got=got,
            place=place,
            code=told.get("code", ""),
            traceback=told.get("traceback", ""),
        )

    def shown(self, file: Path) -> str:
        """Write a path as the learner would."""
        try:
            return file.resolve().relative_to(Path.cwd()).as_posix()
        except ValueError:
            return str(file)


def _well_formed(reports: object) -> bool:
    return (
        isinstance(reports, list)
        and bool(reports)
        and all(
            isinstance(each, dict)
            and each.get("when") in PHASES
            and each.get("outcome") in {"passed", "failed", "skipped"}
            for each in reports
        )
    )


def _only_noise(check: Check) -> bool:
    """See whether it failed only by what Python says of things left."""
    return "PytestUnraisable" in check.got or "PytestUnhandled" in check.got


def _ending(outcome: dict[str, Any]) -> str:
    status = outcome.get("status")
    if isinstance(status, int) and status < 0:
        return f"was killed by {_signal_name(-status)}."
    if "reports" in outcome:
        return "left no result that can be read."
    code = f" (exit code {status})" if status else ""
    return (
        f"ended the whole process{code}: an answer may raise or return, but"
        " not exit."
    )


def _raised(told: dict[str, str]) -> str:
    text = told.get("text", "").strip().partition("\n")[0]
    return f"{told.get('kind')}: {text}" if text else str(told.get("kind"))


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
