"""Grade an exercise at each save, and help on request.

Without a number it begins with the first exercise that is not done. Saving
another exercise's file turns to that one.
"""

import argparse
import contextlib
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from course.grader import keys
from course.grader.events import QUIT, Event, Events, Saved, saves
from course.grader.exercises import Course, Suite, read
from course.grader.grading import Grader, StaleError, never, usual
from course.grader.hints import reveal, seen, shown
from course.grader.lines import put, wrapped
from course.grader.own_lines import shortened
from course.grader.progress import Progress
from course.grader.report import BUG, RIGHT, about, ending
from course.grader.result import Exercise
from course.grader.solution import another_way, why_so
from course.typed import command


def run(given: argparse.Namespace, course: Course, console: Console) -> int:
    """Watch until q or Ctrl-C; the terminal is given back as it was."""
    suites = course.suites()
    suite = Progress(course).suite(given.exercise)
    events, with_keys = Events(), keys.there()
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as on:
        grader = on.enter_context(Grader([suite], usual()))
        on.enter_context(saves(suites, events))
        if with_keys:
            on.enter_context(keys.pressed(events.put))
        watch = Watch(course, console, grader, keys=with_keys)
        watch.run(suite, events, events)
    console.print(f"Go on at any time: {command('watch')}")
    return 0


class Watch:
    """One exercise at a time: its last result, and what is shown of it."""

    def __init__(
        self, course: Course, console: Console, grader: Grader, *, keys: bool
    ) -> None:
        self.course, self.console, self.grader = course, console, grader
        self.keys = keys
        self.suites = {suite.name: suite for suite in course.suites()}
        self.suite = next(iter(self.suites.values()))
        self.typed: Events | None = None  # what may be waiting
        self.result: Exercise | None = None
        self.hints = 0  # that stand below the report
        self.notes: tuple[str, ...] = ()
        self.traceback = self.another = False

    def run(
        self,
        suite: Suite,
        events: Iterable[Event],
        typed: Events | None = None,
    ) -> None:
        """Grade, then do what happens; `typed` says what can't wait."""
        does = {
            "h": self.hint,
            "t": self.show_traceback,
            "s": self.show_another,
            "n": self.go_on,
        }
        self.typed = typed
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
        text = read(suite.answer)
        pressing = self.typed.pressing if self.typed else never
        try:
            grade = self.grader.grade([suite], stale=pressing)
        except StaleError:
            return
        if text != read(suite.answer):
            return
        (self.result,), self.notes = grade.exercises, grade.notes
        Progress(self.course, self.say).record(self.result)
        self.hints, self.traceback, self.another = 0, False, False
        self.draw()

    # --- what a key does ----------------------------------------------------

    def hint(self) -> None:
        """Show those that were seen before; then, at each h, one more."""
        before = seen(self.suite, self.course)
        again = self.hints < before
        self.hints = before if again else reveal(self.suite, self.course)
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
        return Progress(self.course).next(list(self.suites.values()))

    def say(self, text: str) -> None:
        """Print a line below what stands there."""
        put([Text(text, "dim")], self.console)

    def draw(self) -> None:
        """Show the result and what may be done now."""
        if self.result is None:
            return
        if self.keys and not self.console.is_dumb_terminal:
            self.console.clear()
        result = shortened(self.result)
        lines = about(result, traceback=self.traceback)
        if self.traceback:
            whole = command("grade", self.suite.number, "--traceback")
            lines.append(Text(f"The whole traceback: {whole}", "dim"))
        lines.append(Text())
        lines += [Text(note, "yellow") for note in self.notes]
        if self.hints:
            lines += [*shown(self.suite, self.course, self.hints), Text()]
        lines += self.praise() if self.is_right else self.advice(self.result)
        put(lines, self.console)

    def advice(self, result: Exercise) -> list[Text]:
        """Say what to do now; the keys stand at the end of the line."""
        if any(check.fault == "our bug" for check in result.checks):
            return ending(BUG, self.offer("t traceback", "q quit"))
        file = self.course.shown(self.suite.answer)
        offer = self.offer("h hint", "t traceback", "q quit")
        if not self.course.is_untouched(self.suite):
            return ending(f"Edit {file} and save.", offer)
        *lines, last = wrapped(
            f"Open {file} in your editor: its text says what to build. Each"
            " time you save it, it is graded here."
        )
        return [*lines, *ending(last.plain, offer)]

    def praise(self) -> list[Text]:
        """Explain why it is right, and say what comes next."""
        lines = [Text(RIGHT, "green"), *why_so(self.suite, self.course)]
        if self.another:
            lines += another_way(self.suite, self.course)
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
        file = self.course.shown(following.answer)
        return [
            *lines,
            Text(f"Another right way, and yours beside it: {compare}"),
            *ending(f"Next: edit {file} and save.", self.offer()),
        ]

    def offer(self, *keys: str) -> str:
        """List the keys, if there are any."""
        return " · ".join(keys) if self.keys else "Ctrl-C ends it"
