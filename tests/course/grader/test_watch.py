"""watch, driven by a list of saves and keys in place of a person."""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from rich.console import Console

from course.grader.events import Event, Events, Saved
from course.grader.exercises import Suite
from course.grader.grading import Grader, StaleError, never, usual
from course.grader.progress import Progress
from course.grader.result import Check, Exercise, Grade
from course.grader.watch import Watch
from tests.course.grader.conftest import NAMES, Learner
from tests.course.grader.made import RIGHT

FIRST, SECOND = map(Saved, NAMES)
OFFER = "h hint · t traceback · q quit"
Act = Callable[[], object]


@dataclass
class Fake:
    """Grades by what the answer says; remembers which texts it saw."""

    texts: list[str] = field(default_factory=list)
    meanwhile: list[Act] = field(default_factory=list)
    known: list[str] = field(default_factory=list)

    def read(self, suites: list[Suite]) -> None:
        """Remember which checks are read beside the first."""
        self.known = [each.name for each in suites]

    def grade(self, suites: list[Suite], stale: Act = never) -> Grade:
        """Call it right if it returns; do first what is to happen then."""
        (suite,) = suites
        self.texts.append(suite.answer.read_text("utf-8"))
        if self.meanwhile:
            self.meanwhile.pop(0)()
        if stale():
            raise StaleError
        check = Check(
            "test_a", "right", 2, traceback="Traceback", printed="here"
        )
        if "NotImplementedError" in self.texts[-1]:
            check = Check("test_a", "wrong", 2, traceback="Traceback: x")
        file = f"exercises/{suite.answer.name}"
        return Grade((Exercise(suite.name, suite.title, file, (check,)),))


@dataclass
class Seat:
    """A learner who watches, and what was read after each event."""

    learner: Learner
    console: Console
    grader: Any = field(default_factory=Fake)
    keys: bool = True

    def watch(self, *happens: Event | Act, number: int = 1) -> list[str]:
        """Let these happen in turn; return what each of them showed."""
        pages: list[str] = []

        def events() -> Iterator[Event]:
            for each in happens:
                if callable(each):
                    each()
                    continue
                pages.append(self.read())
                yield each

        suite = self.learner.course.suites()[number - 1]
        made = Watch(
            self.learner.course, self.console, self.grader, keys=self.keys
        )
        made.run(suite, events())
        return [*pages, self.read()]

    def read(self) -> str:
        """Take what was written since."""
        file = self.console.file
        assert isinstance(file, io.StringIO)
        text = file.getvalue()
        file.seek(0)
        file.truncate()
        return text

    def answer_right(self, number: int = 1) -> Act:
        """Return what writes a right answer."""
        return lambda: self.learner.write(RIGHT, number)


@pytest.fixture
def seat(learner: Learner, console: Callable[..., Console]) -> Seat:
    """Sit down at a terminal."""
    return Seat(learner, console())


def test_the_first_look_takes_a_learner_by_the_hand(seat: Seat) -> None:
    """What to open, where it is said what to build, what a save does."""
    (page,) = seat.watch()
    assert seat.grader.known == [*NAMES]
    assert "ex01 · Say what is polite: reading the checks …" in page
    assert "Open exercises/ex01_polite.py in your editor: its text" in page
    assert page.endswith(f"{OFFER}\n")


def test_each_save_is_graded(seat: Seat) -> None:
    """And the points are remembered."""
    write = seat.learner.write
    pages = seat.watch(
        lambda: write("NotImplementedError # 1"),
        FIRST,
        lambda: write("NotImplementedError # 2"),
        FIRST,
    )
    assert [text[-1] for text in seat.grader.texts[1:]] == ["1", "2"]
    assert "Edit exercises/ex01_polite.py and save." in pages[-1]
    assert Progress(seat.learner.course)["ex01_polite"].max_points == 2


def test_success_is_explained_and_waits(seat: Seat) -> None:
    """A second right answer comes on request, the next exercise too."""
    pages = seat.watch(seat.answer_right(), FIRST, "s", "n", "q", FIRST)
    first, right, another, following, end = pages
    assert "All of it is right." not in first
    assert "All of it is right.\n\nWhy so: a greeting opens" in right
    assert "bow." not in right
    assert right.endswith("s another right way · n next: ex02 · q quit\n")
    assert "Another right way: bow." in another
    assert "ex02 · Say what is polite" in following
    assert (end, len(seat.grader.texts)) == ("", 3)  # nothing after q


def test_after_the_last_exercise_there_is_no_next(seat: Seat) -> None:
    """The key does nothing then."""
    pages = seat.watch(
        seat.answer_right(1),
        FIRST,
        seat.answer_right(2),
        "n",
        "n",
    )
    assert "All 2 exercises are done." in pages[-2]
    assert pages[-2].endswith("s another right way · q quit\n")
    assert pages[-1] == ""


def test_hints_come_one_by_one_and_are_shown_again(seat: Seat) -> None:
    """After a save the first h shows those seen; only then one more."""
    _, one, two, saved, again, three = seat.watch("h", "h", FIRST, "h", "h")
    assert "1. What does one" in one
    assert "Hint 1 of 3." in one
    assert "Hint 2 of 3." in two
    assert "Hint" not in saved
    assert "Hint 2 of 3." in again
    assert "That was the last." in three
    assert Progress(seat.learner.course)["ex01_polite"].hints == 3


def test_the_traceback_is_shown_and_hidden(seat: Seat) -> None:
    """By the same key; a save hides it."""
    _, shown, hidden, other, saved = seat.watch("t", "t", "t", FIRST)
    assert "| Traceback: x" in shown
    assert "The whole traceback: python3 start.py grade 1 --tr" in shown
    assert "| Traceback: x" not in hidden
    assert "| Traceback: x" in other
    assert "| Traceback: x" not in saved


def test_other_keys_do_nothing(seat: Seat) -> None:
    """Nor do those that are offered later."""
    pages = seat.watch("x", "n", "ö", "?")
    assert pages[1:] == ["", "", "", ""]


def test_saving_another_exercise_turns_to_it(seat: Seat) -> None:
    """So one may go on without a key."""
    pages = seat.watch(SECOND, "h")
    assert "Open exercises/ex02_again.py" in pages[1]
    assert Progress(seat.learner.course)["ex02_again"].hints == 1


def test_without_a_terminal_keys_are_not_offered(seat: Seat) -> None:
    """What they would do is said in words."""
    seat.keys = False
    first, right = seat.watch(seat.answer_right(), FIRST)
    assert first.endswith(
        "graded here.                           Ctrl-C ends it\n"
    )
    assert "python3 start.py solution 1\n" in right
    assert "Next: edit exercises/ex02_again.py and save." in right
    assert "quit" not in first + right
    assert "\x1b" not in first + right


def test_what_is_saved_during_a_grading_is_graded_afterwards(
    seat: Seat,
) -> None:
    """The report of a text that is not there any more is not shown."""
    write = seat.learner.write
    seat.grader.meanwhile = [
        lambda: None,
        lambda: write("NotImplementedError # second"),
    ]
    pages = seat.watch(
        lambda: write("# first, right"),
        FIRST,  # the second save is written while this is graded
        FIRST,
    )
    assert [text.split()[-1] for text in seat.grader.texts[1:]] == [
        "right",
        "second",
    ]
    assert "checks" not in pages[1].replace("reading the checks", "")
    assert "0 of 1 checks" in pages[2]
    assert not Progress(seat.learner.course)["ex01_polite"].passed


def test_a_new_save_cuts_off_a_grading(seat: Seat) -> None:
    """An endless loop is not waited for."""
    events = Events()
    seat.grader.meanwhile = [lambda: events.put(FIRST)]
    watch = Watch(seat.learner.course, seat.console, seat.grader, keys=True)
    suite = seat.learner.course.suites()[0]
    turns = iter(events)
    happens = (next(turns) for _ in range(1))
    watch.run(suite, happens, events)
    assert len(seat.grader.texts) == 2
    assert seat.read().count("0 of 1 checks") == 1


def test_q_is_not_kept_waiting_while_the_checks_are_read(
    seat: Seat, learner: Learner
) -> None:
    """Nor is anything graded then."""
    events = Events()
    events.put("q")
    seat.grader = Grader(learner.course.suites()[:1], usual())
    with seat.grader:
        watch = Watch(learner.course, seat.console, seat.grader, keys=True)
        watch.run(learner.course.suites()[0], events, events)
        assert seat.grader.due  # it has not waited for the checks
    assert seat.read() == "ex01 · Say what is polite: reading the checks …\n"


def test_a_bug_of_ours_is_not_the_learners(seat: Seat) -> None:
    """It says so, and no points are taken away."""
    bug = Check("test_a", "not run", 2, "our bug", "It broke.")
    grade = Grade((Exercise("ex01_polite", "t", "f", (bug,)),))
    seat.grader.grade = lambda *_, **__: grade
    (page,) = seat.watch()
    assert "This is not your mistake: please report it." in page
    assert not seat.learner.course.progress.exists()


def test_a_terminal_shows_one_report_at_a_time(
    learner: Learner, console: Callable[..., Console]
) -> None:
    """It is cleared; no line is longer than 80."""
    seat = Seat(learner, console(terminal=True))
    pages = seat.watch(seat.answer_right(), FIRST, "s")
    assert [page.count("\x1b[2J") for page in pages] == [1, 1, 1]
    for page in pages:
        plain = re.sub(r"\x1b\[\w+", "", page)
        assert max(map(len, plain.splitlines())) <= 80


def test_the_real_grader_is_warm_and_cut_off(
    learner: Learner, console: Callable[..., Console]
) -> None:
    """Two gradings by one process; a third ends as soon as it is stale."""
    suites = learner.course.suites()
    with Grader(suites[:1], usual()) as grader:
        seat = Seat(learner, console(), grader)
        pages = seat.watch(seat.answer_right(), FIRST)
        assert "3 of 3 checks · 5.5 of 5.5 points" in pages[-1]
        begun = learner.course.root / "begun"
        loop = f"open({str(begun)!r}, 'w').close()\n    while True: str(1)"
        learner.write(RIGHT.replace('return "hello"', loop))
        warm = grader.worker
        with pytest.raises(StaleError):
            grader.grade(suites[:1], stale=begun.exists)
        assert grader.worker is warm
        learner.write(RIGHT)
        (again,) = grader.grade(suites[:1]).exercises
        assert again.state == "right"
        grader.read(suites)
        for suite, state in zip(suites, ("right", "wrong"), strict=True):
            (each,) = grader.grade([suite]).exercises
            assert each.state == state
