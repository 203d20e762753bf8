"""hint, solution, reset and progress, as they are typed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from course.folders import ROOT
from course.grader import solution
from course.grader.progress import Progress, today
from tests.course.grader.conftest import Learner
from tests.course.grader.made import RIGHT, STUB

TABLE = """\
                                                                points   hints
ex01 Say what is polite                         –                    –       –
ex02 Say what is polite                         –                    –       –
"""


def test_each_call_shows_one_more_hint(learner: Learner) -> None:
    """Below those before; the last says what helps beyond them."""
    first = learner.type("hint", "1")[1]
    assert first == (
        "ex01 · Say what is polite\n\n"
        "  1. What does one say first?\n"
        "     And then?\n\n"
        "Hint 1 of 3.\n"
    )
    second = learner.type("hint", "polite")[1]
    assert "  1. What does" in second
    assert "  2. It is a word of five letters.\n\nHint 2 of 3.\n" in second
    for _ in range(2):
        last = learner.type("hint", "1")[1]
    assert "  3. Nearly the code:\n\n         def bye():\n" in last
    assert "python3 start.py solution 1 --give-up\n" in last
    assert Progress(learner.course)["ex01_polite"].hints == 3


def test_the_first_hint_is_the_one_for_what_fails(learner: Learner) -> None:
    """What comes before it is shown on request."""
    Progress(learner.course).change("ex01_polite", failed="test_says_bye[x]")
    out = learner.type("hint", "1")[1]
    assert "  3. Nearly the code:" in out
    assert "What does one say first?" not in out
    assert "python3 start.py hint 1 --all\n" in out
    out = learner.type("hint", "1", "--all")[1]
    assert "  1. What does one say first?" in out
    Progress(learner.course).change("ex01_polite", failed="test_says_hello")
    assert "  1. What does" in learner.type("hint", "1")[1]


def test_a_grading_remembers_which_check_failed_first(
    learner: Learner,
) -> None:
    """A hint begins there."""
    learner.write('def hello() -> str:\n    return "hello"\n')
    learner.type("solution", "1")
    assert Progress(learner.course)["ex01_polite"].failed == "test_says_bye"
    assert "  3. Nearly" in learner.type("hint", "1")[1]


def test_hints_after_passing_are_all_shown_and_not_counted(
    learner: Learner,
) -> None:
    """There is nothing left to give away."""
    progress = Progress(learner.course)
    progress.change("ex01_polite", passed=today(), hints=1)
    out = learner.type("hint", "1")[1]
    assert "  1. What does" in out
    assert out.endswith("python3 start.py solution 1\n")
    assert Progress(learner.course)["ex01_polite"].hints == 1


def test_hints_are_there_although_the_learner_deleted_the_stub(
    learner: Learner,
) -> None:
    """They stand in a file of their own; without a number, of the next."""
    learner.answer().unlink()
    assert "What does one say first?" in learner.type("hint")[1]


def test_an_exercise_without_hints_says_so(learner: Learner) -> None:
    """It is no error."""
    (learner.course.exercises / "hints" / "ex01.md").unlink()
    assert "This exercise has no hints." in learner.type("hint", "1")[1]


def test_reset_keeps_what_was_written_and_says_where(
    learner: Learner,
) -> None:
    """Whatever it was; and the exercise is open again."""
    Progress(learner.course).change(
        "ex01_polite", points=1, max_points=1, passed=today(), hints=2
    )
    written = b"caf\xe9 = 'no text at all'\r\n"
    for _ in range(2):  # in the same second
        learner.answer().write_bytes(written)
        code, out, _ = learner.type("reset", "1")
        assert code == 0
        assert learner.answer().read_bytes() == STUB.encode()
    kept = sorted(learner.course.kept.iterdir())
    assert [each.read_bytes() for each in kept] == [written, written]
    assert re.fullmatch(
        r"What you wrote is kept: "
        r"kept/ex01_polite\.\d{4}-\d\d-\d\d\.\d{6}(-\d)?\.py\n"
        r"exercises/ex01_polite\.py is as it was at first\.\n"
        r"Next: python3 start\.py watch 1\n",
        out,
    )
    entry = Progress(learner.course)["ex01_polite"]
    assert (entry.done, entry.points, entry.hints) == (False, 0, 2)


def test_reset_has_nothing_to_do_for_a_stub(learner: Learner) -> None:
    """Line ends are no change; a missing file comes back."""
    learner.answer().write_bytes(STUB.replace("\n", "\r\n").encode())
    assert "nothing to do" in learner.type("reset", "1")[1]
    learner.answer().unlink()
    out = learner.type("reset", "1")[1]
    assert "is as it was at first.\nNext:" in out
    assert learner.answer().read_text("utf-8") == STUB
    assert not learner.course.kept.exists()


def test_a_copy_that_cannot_be_written_changes_nothing(
    learner: Learner,
) -> None:
    """The answer is worth more than the reset."""
    learner.write("mine")
    learner.course.kept.write_text("a file where a folder should be", "utf-8")
    code, _, err = learner.type("reset", "1")
    assert code == 2
    assert "exercises/ex01_polite.py was not reset (" in err
    assert learner.answer().read_text("utf-8") == "mine"


def test_the_solution_comes_when_it_is_right(learner: Learner) -> None:
    """Before, it says how to give up; it grades by itself."""
    code, out, _ = learner.type("solution", "1")
    assert code == 1
    assert "Not all of it is right yet" in out
    assert "python3 start.py solution 1 --give-up" in out
    assert not Progress(learner.course)["ex01_polite"].gave_up
    learner.write(RIGHT)
    code, out, _ = learner.type("solution", "1")
    assert code == 0
    assert "They do not differ." in out
    assert Progress(learner.course)["ex01_polite"].done


def test_giving_up_shows_it_and_is_remembered(
    learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A diff against yours without docstrings, and why it is so."""
    code, out, _ = learner.type("solution", "1", "--give-up")
    assert code == 0
    assert out == (
        "- exercises/ex01_polite.py\n"
        "+ solutions/ex01_polite.py\n"
        "\n"
        "exercises/ex01_polite.py:10\n"
        " def hello() -> str:\n"
        "-    # TODO: say it.\n"
        '-    raise NotImplementedError("hello says nothing yet")\n'
        '+    return "hello"\n'
        " \n"
        " \n"
        "\n"
        "Why so, in the solution (yours differs):\n"
        "a greeting opens the ear,\n"
        "and costs nothing.\n"
        "\n"
        "Another right way: bow.\n"
    )
    assert Progress(learner.course)["ex01_polite"].gave_up == today()
    monkeypatch.setattr(solution, "grade", None)  # not needed any more
    assert learner.type("solution", "1")[0] == 0


@pytest.mark.parametrize(
    "answer", ["def hello(:", "", '"""Only a docstring."""', None]
)
def test_any_answer_can_be_compared(
    learner: Learner, answer: str | None
) -> None:
    """Broken, empty or missing."""
    Progress(learner.course).change("ex01_polite", gave_up=today())
    if answer is None:
        learner.answer().unlink()
    else:
        learner.write(answer)
    code, out, _ = learner.type("solution", "1")
    assert code == 0
    assert '+    return "hello"' in out


def test_progress_is_a_table_and_says_what_is_next(learner: Learner) -> None:
    """Not begun, begun, done and given up."""
    out = learner.type("progress")[1]
    following = "0 of 2 done. Next: python3 start.py watch 1"
    assert out == f"{TABLE}\n{following}\n"
    learner.write(f"{STUB}# mine\n")
    begun = learner.type("progress")[1].splitlines()
    assert begun[1].split()[-3:] == ["begun", "–", "–"]
    progress = Progress(learner.course)
    done = {"points": 5.5, "max_points": 5.5, "passed": "2026-11-25"}
    progress.change("ex01_polite", **done, hints=2)
    progress.change("ex02_again", gave_up=today(), max_points=3)
    lines = learner.type("progress")[1].splitlines()
    shown = [" ".join(line.split()) for line in lines]
    assert shown[1:] == [
        "ex01 Say what is polite ✓ 2026-11-25 5.5 of 5.5 2 of 3",
        "ex02 Say what is polite given up 0 of 3 –",
        "",
        "1 of 2 done. Next: python3 start.py watch 2",
    ]
    progress.change("ex02_again", **done)
    assert "2 of 2 done. That is all of them." in learner.type("progress")[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["hint", "9"], "There is no exercise '9'"),
        (["reset"], "The following arguments are required: EXERCISE.\n"),
        (["progress", "1"], "Unrecognized arguments: 1.\n"),
        (["nonsense"], "watch, hint, solution, reset and progress"),
        ([], "watch, hint, solution, reset and progress"),
    ],
)
def test_wrong_use_is_told_what_to_do(
    learner: Learner, words: list[str], said: str
) -> None:
    """In one sentence, with exit code 2."""
    try:
        code: object = learner.type(*words)[0]
        err = said
    except SystemExit as exit_:  # from argparse
        code = exit_.code
        err = learner.capsys.readouterr().err
        assert f"usage: python3 start.py {words[0]} " in err
    assert code == 2
    assert said in err


def test_a_missing_original_says_whose_it_is(learner: Learner) -> None:
    """It belongs to the course, and only `reset` needs it."""
    learner.course.originals.unlink()
    code, _, err = learner.type("reset", "1")
    assert code == 2
    assert "It belongs to the course" in err
    assert learner.type("progress")[0] == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows asks for a right")
@pytest.mark.parametrize("kind", ["a folder", "a loop of links"])
def test_an_answer_that_cannot_be_read_ends_nothing(
    learner: Learner, kind: str
) -> None:
    """It is said where it stands in the way; the rest goes on."""
    answer = learner.answer()
    answer.unlink()
    if kind == "a folder":
        answer.mkdir()
    else:
        answer.symlink_to(answer)
    assert learner.type("progress")[0] == 0
    assert learner.type("hint", "1")[0] == 0
    assert learner.type("solution", "1")[0] == 1
    assert learner.type("solution", "2", "--give-up")[0] == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limit")
def test_a_full_disk_leaves_no_half_a_copy(learner: Learner) -> None:
    """Nor is the answer changed."""
    text = RIGHT + "# work\n" * 4000
    learner.write(text)
    limit = "import resource, signal; signal.signal(signal.SIGXFSZ, "
    limit += "signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, "
    limit += "(4096, 4096))"
    root = learner.course.root
    run = (
        f"{limit}\nimport sys\nfrom pathlib import Path\n"
        "from course.grader.exercises import Course\n"
        "from course.grader.jobs import main\n"
        f"root = Path({str(root)!r})\n"
        "sys.exit(main(['reset', '1'], Course(root, root / 'stubs.zip')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", run],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "exercises/ex01_polite.py was not reset (File too large)" in (
        done.stderr
    )
    assert learner.answer().read_text("utf-8") == text
    assert list(learner.course.kept.iterdir()) == []


def test_nothing_breaks_where_signs_and_colours_cannot_be_shown(
    tmp_path: Path,
) -> None:
    """In another folder, with a terminal of long ago."""
    done = subprocess.run(
        [sys.executable, "-m", "course.grader.jobs", "progress"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONIOENCODING": "ascii",
            "TERM": "dumb",
            "NO_COLOR": "1",
        },
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"ex01 Answer first, work afterwards" in done.stdout
    assert done.stdout.isascii()


def test_the_given_handler_of_a_stub_is_no_difference(
    learner: Learner,
) -> None:
    """It says what is to do, and lines below keep their numbers."""
    handler = (
        "@app.exception_handler(NotImplementedError)\n"
        "async def to_do(_, error):\n"
        "    return error\n\n\n"
    )
    text = STUB.replace("def hello() ->", f"{handler}def hello() ->")
    assert handler in text
    learner.write(text)
    out = learner.type("solution", "1", "--give-up")[1]
    assert "to_do" not in out
    place = re.search(r"ex01_polite\.py:(\d+)", out)
    assert place
    assert int(place[1]) == 10 + handler.count("\n")
