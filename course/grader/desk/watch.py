"""Grade an exercise at each save, and help on request.

Without a number it begins with the first exercise that is not done. Saving
another exercise's file turns to that one.
"""

import argparse
import contextlib
import time
from collections.abc import Iterable
from typing import Protocol

from rich.console import Console
from rich.text import Text

from course.grader.desk import keys
from course.grader.desk.events import QUIT, Event, Events, Saved, saves
from course.grader.desk.hint import reveal, seen, shown
from course.grader.desk.place import Desk
from course.grader.desk.progress import Progress
from course.grader.desk.reset import is_untouched
from course.grader.desk.solution import ANOTHER, WHY, paragraph
from course.grader.exercises import Suite
from course.grader.front import StaleError, never
from course.grader.grading import Grader, usual
from course.grader.lines import put, wrapped
from course.grader.model import Exercise
from course.grader.report import BUG, RIGHT, about, ending
from course.typed import command

PATIENCE = 1.0  # seconds of a grading that a new save does not cut off


def describe(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    help_ = "a number or a name; without it, the first that is not done"
    parser.add_argument("exercise", nargs="?", metavar="EXERCISE", help=help_)


def run(given: argparse.Namespace, desk: Desk, console: Console) -> int:
    """Watch until q or Ctrl-C; the terminal is given back as it was."""
    suites = desk.suites()
    suite = (
        desk.suite(given.exercise)
        if given.exercise
        else Progress(desk).next(suites) or suites[-1]
    )
    events, with_keys = Events(), keys.there()
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as on:
        grader = on.enter_context(Grader([suite], usual()))
        on.enter_context(saves(suites, events))
        if with_keys:
            on.enter_context(keys.pressed(events.put))
        watch = Watch(desk, console, grader, keys=with_keys)
        watch.run(suite, events, events)
    console.print(f"Go on at any time: {command('watch')}")
    return 0


class Hands(Protocol):
    """What is being typed while something is graded."""

    def pressing(self) -> bool:
        """See whether a save is waiting, or the end."""

    def leaving(self) -> bool:
        """See whether the end is waiting."""


class Idle:
    """Nobody types."""

    pressing = leaving = staticmethod(never)


class Watch:
    """One exercise at a time: its last result, and what is shown of it."""

    def __init__(
        self, desk: Desk, console: Console, grader: Grader, *, keys: bool
    ) -> None:
        self.desk, self.console, self.grader = desk, console, grader
        self.keys = keys
        self.suites = {suite.name: suite for suite in desk.suites()}
        self.suite = next(iter(self.suites.values()))
        self.hands: Hands = Idle()
        self.result: Exercise | None = None
        self.hints = 0  # that stand below the report
        self.traceback = self.another = False

    def run(
        self,
        suite: Suite,
        events: Iterable[Event],
        hands: Hands | None = None,
    ) -> None:
        """Grade, then do what happens; `hands` say what can't wait."""
        does = {
            "h": self.hint,
            "t": self.show_traceback,
            "s": self.show_another,
            "n": self.go_on,
        }
        self.hands = hands or self.hands
        self.say(f"{suite.title}: reading the checks …")
        self.grade(suite)
        self.grader.read(list(self.suites.values()))
        for event in events:
            if isinstance(event, Saved):
                self.say("\nSaved: grading …")
                self.grade(self.suites[event.name])
            elif event in QUIT:
                return
            elif event in does and self.result and self.keys:
                does[event]()

    def grade(self, suite: Suite) -> None:
        """Grade and show it; what changed meanwhile comes as a save again."""
        self.suite, self.result = suite, None
        text, began = self.text(), 0.0

        def stale() -> bool:
            nonlocal began
            began = began or time.monotonic()
            late = time.monotonic() - began > PATIENCE
            return self.hands.pressing() if late else self.hands.leaving()

        leaving = self.hands.leaving
        try:
            grade = self.grader.grade([suite], stale=stale, leaving=leaving)
        except StaleError:
            return
        if text != self.text():
            return
        (self.result,) = grade.exercises
        Progress(self.desk, self.say).record(self.result)
        self.hints, self.traceback, self.another = 0, False, False
        self.draw()

    def text(self) -> bytes:
        """Read the answer as it is now."""
        with contextlib.suppress(OSError):
            return self.suite.answer.read_bytes()
        return b""

    # --- what a key does ----------------------------------------------------

    def hint(self) -> None:
        """Show those that were seen before; then, at each h, one more."""
        before = seen(self.suite, self.desk)
        again = self.hints < before
        self.hints = before if again else reveal(self.suite, self.desk)
        self.draw()

    def show_traceback(self) -> None:
        """Show it, or hide it again."""
        self.traceback = not self.traceback
        self.draw()

    def show_another(self) -> None:
        """Show another right way, once this one is right."""
        self.another = True
        self.draw()

    def go_on(self) -> None:
        """Turn to the next exercise, once this one is right."""
        following = self.following()
        if self.is_right and following:
            self.say(f"{following.title} …")
            self.grade(following)

    # --- what is shown ------------------------------------------------------

    @property
    def is_right(self) -> bool:
        """Whether the last result is full marks."""
        return self.result is not None and self.result.state == "right"

    def following(self) -> Suite | None:
        """Choose what comes after this one."""
        return Progress(self.desk).next(list(self.suites.values()))

    def say(self, text: str) -> None:
        """Print a line below what stands there."""
        put([Text(text, "dim")], self.console)

    def draw(self) -> None:
        """Show the result and what may be done now."""
        if self.result is None:
            return
        if self.keys and not self.console.is_dumb_terminal:
            self.console.clear()
        room = self.console.width if self.console.is_terminal else 0
        told = about(self.result, traceback=self.traceback, room=room)
        lines = [*told, Text()]
        if self.hints:
            lines += [*shown(self.suite, self.desk, self.hints), Text()]
        lines += self.praise() if self.is_right else self.advice(self.result)
        put(lines, self.console)

    def advice(self, result: Exercise) -> list[Text]:
        """Say what to do now; the keys stand at the end of the line."""
        if any(check.fault == "our bug" for check in result.checks):
            return ending(BUG, self.offer("t traceback", "q quit"))
        file = self.desk.shown(self.suite.answer)
        offer = self.offer("h hint", "t traceback", "q quit")
        if not is_untouched(self.suite, self.desk):
            return ending(f"Edit {file} and save.", offer)
        *lines, last = wrapped(
            f"Open {file} in your editor: its text says what to build. Each"
            " time you save it, it is graded here."
        )
        return [*lines, *ending(last.plain, offer)]

    def praise(self) -> list[Text]:
        """Explain why it is right, and say what comes next."""
        solution = self.desk.solution(self.suite)
        lines = [Text(RIGHT, "green"), *paragraph(solution, WHY)]
        if self.another:
            lines += paragraph(solution, ANOTHER)
        lines.append(Text())
        following = self.following()
        another = "s another right way"
        if following is None:
            last = f"All {len(self.suites)} exercises are done."
            return [*lines, *ending(last, self.offer(another, "q quit"))]
        if self.keys:
            following_ = f"n next: {following.name[:4]}"
            offer = self.offer(another, following_, "q quit")
            return [*lines, *ending("", offer)]
        compare = command("solution", self.suite.number)
        file = self.desk.shown(following.answer)
        return [
            *lines,
            Text(f"Another right way, and yours beside it: {compare}"),
            *ending(f"Next: edit {file} and save.", self.offer()),
        ]

    def offer(self, *keys: str) -> str:
        """List the keys, if there are any."""
        return " · ".join(keys) if self.keys else "Ctrl-C ends it"
