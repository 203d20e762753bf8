"""Real saves, as editors do them, and real keys on a real terminal."""

import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from course.folders import ROOT
from course.grader import keys
from course.grader.events import Events, Saved, saves
from course.grader.progress import Progress
from tests.course.grader.conftest import NAMES, Learner, running
from tests.course.grader.made import AT_IMPORT, IN_A_CHECK, RIGHT, USES

FIRST, SECOND = map(Saved, NAMES)
MARK = f"left-{secrets.token_hex(8)}"
SLOW = {"loop", "ignores", "endless_repr", "limits", "import_loop"}
RUN = """
import sys
from pathlib import Path
from course.grader.command_line import run
from course.grader.exercises import Course
from course.grader.jobs import main
root = Path(sys.argv[1])
run(lambda: main(["watch"], Course(root, root / "stubs.zip")))
"""


@pytest.fixture
def watching(learner: Learner) -> Iterator[Events]:
    """Watch the exercises."""
    found = Events()
    with saves(learner.course.suites(), found):
        yield found


def test_a_save_is_told_however_an_editor_does_it(
    learner: Learner, watching: Events
) -> None:
    """In place, by a rename, in parts, and after the file had gone."""
    happened = iter(watching)
    file = learner.answer()
    learner.write("in place")
    assert next(happened) == FIRST
    beside = file.with_suffix(".new")
    beside.write_text("renamed", "utf-8")
    beside.replace(file)
    assert next(happened) == FIRST
    file.rename(file.with_suffix(".py~"))
    assert next(happened) == FIRST
    learner.write("there again")
    assert next(happened) == FIRST
    learner.write("another", 2)
    assert next(happened) == SECOND
    assert not watching.pressing()


def test_what_changes_nothing_is_not_told(
    learner: Learner, watching: Events
) -> None:
    """A swap file, a mode, another file: the next save is the first."""
    happened = iter(watching)
    (learner.course.exercises / ".ex01_polite.py.swp").write_text("x", "utf-8")
    (learner.course.exercises / "notes.py").write_text("x", "utf-8")
    learner.answer().chmod(0o600)
    learner.write("another", 2)
    assert next(happened) == SECOND


def test_many_saves_that_wait_are_one() -> None:
    """Only the last text counts; keys are as many as were pressed."""
    found = Events()
    for event in (FIRST, FIRST, SECOND, FIRST):
        found.put(event)
    assert found.pressing()
    happened = iter(found)
    assert [next(happened) for _ in range(2)] == [FIRST, SECOND]
    found.put("h")
    assert not found.pressing()
    found.put("q")
    assert found.pressing()


def test_without_a_terminal_there_are_no_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether it is a file, closed, or none at all."""
    with Path(os.devnull).open(encoding="utf-8") as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        assert not keys.there()
    assert not keys.there()  # closed
    monkeypatch.setattr(sys, "stdin", None)
    assert not keys.there()


if sys.platform != "win32":
    import pty
    import termios

    class Terminal:
        """A terminal of 80 columns with `watch` in it, and a person at it."""

        def __init__(self, learner: Learner) -> None:
            self.ours, self.theirs = pty.openpty()
            termios.tcsetwinsize(self.theirs, (24, 80))
            self.before = termios.tcgetattr(self.theirs)
            self.seen = b""
            self.temporary = learner.course.root / "tmp"
            self.temporary.mkdir()
            self.process = subprocess.Popen(
                [sys.executable, "-c", RUN, str(learner.course.root)],
                cwd=learner.course.root,
                env={
                    **os.environ,
                    "PYTHONPATH": str(ROOT),
                    "TERM": "xterm",
                    "TMPDIR": str(self.temporary),
                },
                stdin=self.theirs,
                stdout=self.theirs,
                stderr=self.theirs,
                start_new_session=True,
                preexec_fn=self._control,  # noqa: PLW1509 (no threads here)
            )

        def _control(self) -> None:
            """Make the terminal the session's own, as a shell's is."""
            os.close(os.open(os.ttyname(self.theirs), os.O_RDWR))

        def press(self, key: bytes) -> None:
            """Press a key."""
            os.write(self.ours, key)

        def read_until(self, text: str) -> str:
            """Read until this is seen; return what came before."""
            wanted = text.encode()
            while wanted not in self.seen:
                self.seen += os.read(self.ours, 4096)
            before, _, self.seen = self.seen.partition(wanted)
            return before.decode()

        def code(self) -> int:
            """Wait for the end; the terminal is as it was before."""
            code = self.process.wait(20)
            assert termios.tcgetattr(self.theirs) == self.before
            return code

        def close(self) -> None:
            """Leave nothing behind."""
            self.process.kill()
            self.process.wait()
            os.close(self.ours)
            os.close(self.theirs)

    @pytest.fixture
    def terminal(learner: Learner) -> Iterator[Terminal]:
        """Start `watch`, and wait for its first report."""
        with closing(Terminal(learner)) as made:
            made.read_until("q quit")
            yield made

    def test_keys_work_without_enter(
        terminal: Terminal, learner: Learner
    ) -> None:
        """An arrow is no letter; q ends it, and nothing is left."""
        terminal.press(b"h")
        terminal.read_until("Hint 1 of 3.")
        terminal.read_until("q quit")
        terminal.press(b"\x1b[B")
        terminal.press(b"T")
        terminal.read_until("traceback")
        learner.write(RIGHT)
        terminal.read_until("s another right way")
        terminal.press(b"s")
        terminal.read_until("bow.")
        terminal.press(b"q")
        terminal.read_until("Go on at any time: python3 start.py watch")
        assert terminal.code() == 0

    @pytest.mark.parametrize(
        ("way", "code"), [("Ctrl-C", 0), ("Ctrl-D", 0), ("SIGTERM", 143)]
    )
    def test_the_terminal_is_given_back(
        terminal: Terminal, way: str, code: int
    ) -> None:
        """However it ends."""
        if way == "Ctrl-C":
            terminal.press(b"\x03")
        elif way == "Ctrl-D":
            terminal.press(b"\x04")
        else:
            os.kill(terminal.process.pid, signal.SIGTERM)
        assert terminal.code() == code

    def test_ctrl_c_ends_it_in_the_middle_of_a_grading(
        terminal: Terminal, learner: Learner
    ) -> None:
        """Even while an answer runs in circles."""
        sign = learner.course.root / "begun"
        os.mkfifo(sign)
        loop = f"open({str(sign)!r}, 'w').close()\n    while True: str(1)"
        learner.write(RIGHT.replace('return "hello"', loop))
        terminal.read_until("Saved: grading")
        assert sign.read_bytes() == b""  # it has begun
        terminal.press(b"\x03")
        assert terminal.code() == 0

    @pytest.mark.parametrize("kinds", [IN_A_CHECK, AT_IMPORT])
    def test_a_hostile_answer_ends_nothing(
        terminal: Terminal,
        learner: Learner,
        kinds: dict[str, tuple[str, str]],
    ) -> None:
        """Each save has its verdict, and none changes that of another answer.

        Nothing of them draws on the screen, and nothing is left behind.
        """
        learner.write(RIGHT, 2)
        terminal.read_until("s another right way")
        terminal.read_until("quit")
        for kind in sorted(kinds.keys() - SLOW):
            does, said = kinds[kind]
            text = f"{does}\n{RIGHT}"
            if kinds is IN_A_CHECK:
                text = USES.format(mark=MARK, body=does)
            learner.write(text)
            terminal.read_until("Saved: grading")
            page = terminal.read_until("quit")
            words = " ".join(re.sub(r"\x1b\[[\d;]*[A-Za-z]", "", page).split())
            assert said.strip("?")[:40] in words, kind
            assert "\x1b[31mno" not in page
        learner.write(RIGHT)
        terminal.read_until("s another right way")
        terminal.press(b"q")
        assert terminal.code() == 0
        assert Progress(learner.course)[NAMES[1]].done
        assert list(terminal.temporary.iterdir()) == []
        assert not running(MARK)
