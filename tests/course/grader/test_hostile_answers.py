"""An answer that misbehaves loses its check; the rest goes on."""

import re
import secrets
import sys

import pytest

from course.grader.result import Check, Exercise
from tests.course.grader.conftest import MadeCourse, running
from tests.course.grader.made import AT_IMPORT, IN_A_CHECK, RIGHT, USES

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="forks are used on Linux only"
)
MARK = f"left-{secrets.token_hex(8)}"
DEADLINE = "--deadline=3"
Graded = dict[str, Exercise]


def name_of(name: str) -> str:
    """Put a number before the name."""
    names = [*IN_A_CHECK, *AT_IMPORT, "missing", "latin", "bom", "right"]
    return f"ex{names.index(name) + 1:02}_{name}"


@pytest.fixture(scope="module")
def graded(course: MadeCourse) -> Graded:
    """Grade all of them at once, so that each has others beside it."""
    for name, (body, _) in IN_A_CHECK.items():
        text = USES.format(mark=MARK, body=body)
        course.add(name_of(name), text)
    for name, (top, _) in AT_IMPORT.items():
        course.add(name_of(name), f"{top}\n{RIGHT}")
    course.add(name_of("missing"), None)
    course.add(name_of("latin"), b"CAF = 'caf\xe9'\n")
    course.add(name_of("bom"), f"\ufeff{RIGHT}")
    course.add(name_of("right"), RIGHT)
    # files beside the answers are nothing to the checks
    for beside in ("conftest.py", "fastapi.py", "sitecustomize.py"):
        file = course.folder / "exercises" / beside
        file.write_text("raise RuntimeError('was imported')\n", "utf-8")
    temporary = course.folder / "tmp"
    temporary.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(temporary))
        done = course.grade(DEADLINE)
    assert list(temporary.iterdir()) == []
    return {each.name.partition("_")[2]: each for each in done.exercises}


def by_name(exercise: Exercise) -> dict[str, Check]:
    """Give each check by its name."""
    return {check.name: check for check in exercise.checks}


@pytest.mark.parametrize("name", IN_A_CHECK)
def test_it_loses_that_check_with_a_sentence(
    graded: Graded, name: str
) -> None:
    """The checks beside it are unharmed."""
    said = IN_A_CHECK[name][1]
    checks = by_name(graded[name])
    hello = checks["test_says_hello"]
    assert checks["test_says_bye"].state == "right"
    if said:
        stopped = name == "breakpoint"
        assert hello.state == ("not run" if stopped else "wrong")
        assert hello.fault == ("the answer" if stopped else "")
        assert said.strip("?") in hello.message
        assert checks["test_says_hello_twice"].state == "waiting"
    else:
        assert hello.state == "right"


@pytest.mark.parametrize("name", AT_IMPORT)
def test_what_cannot_be_imported_is_said(graded: Graded, name: str) -> None:
    """No check is run, and the fault is the answer's."""
    first, second, third = graded[name].checks
    assert AT_IMPORT[name][1] in first.message
    for check in (first, second):
        assert check.state == "not run"
        assert check.fault == "the answer"
        assert not check.imported
    assert third.state in {"waiting", "not run"}
    assert graded[name].points == 0


def test_a_missing_or_unreadable_file_is_said(graded: Graded) -> None:
    """Both are the answer's fault."""
    assert "No such file" in graded["missing"].checks[0].message
    assert "SyntaxError" in graded["latin"].checks[0].message
    for name in ("missing", "latin"):
        assert graded[name].state == "not run"
        assert graded[name].checks[0].fault == "the answer"


def test_a_breakpoint_names_its_line(graded: Graded) -> None:
    """Nobody has to look for it."""
    hello = by_name(graded["breakpoint"])["test_says_hello"]
    assert hello.place.endswith("breakpoint.py:22")


def test_an_ordinary_answer_among_them_is_right(graded: Graded) -> None:
    """Whatever the others did."""
    for name in ("right", "bom"):
        assert graded[name].points == graded[name].max_points == 5.5


def test_a_hang_or_a_crash_names_its_line(graded: Graded) -> None:
    """The learner's own, not one of the library below."""
    hello = by_name(graded["loop"])["test_says_hello"]
    assert re.search(r"exercises/ex01_loop\.py:22$", hello.place)
    assert hello.code == "while True: str(1)"
    crash = by_name(graded["crash"])["test_says_hello"]
    assert crash.place.endswith("crash.py:22")
    imported = graded["import_loop"].checks[0]
    assert imported.place.endswith("import_loop.py:1")


@pytest.mark.usefixtures("graded")
def test_nothing_is_left_running() -> None:
    """No child, whether it left its group or lost its parent."""
    assert not running(MARK)


def test_what_a_signal_killed_is_tried_once_more(fresh: MadeCourse) -> None:
    """An interpreter that crashes once takes no point from a right answer."""
    for number, times in enumerate((1, 2), start=1):
        file = fresh.folder / f"{number}"
        file.write_text(times * "x")
        body = (
            f"path = {str(file)!r}; left = len(open(path).read());"
            " open(path, 'w').write((left - 1) * 'x'); left and KILL();"
            " return 'hello'"
        )
        fresh.add(f"ex0{number}_times", USES.format(mark=MARK, body=body))
    once, twice = fresh.grade(DEADLINE, "ex01_times", "ex02_times").exercises
    assert once.points == once.max_points
    assert "was killed by SIGKILL" in twice.checks[0].message
    assert [each.state for each in twice.checks[1:]] == ["right", "waiting"]


@pytest.mark.parametrize(
    ("sent", "said"),
    [("KILL", "was killed by SIGKILL"), ("STOP", "did not end within 3 s")],
)
def test_one_that_ends_or_stops_the_warm_process_loses_alone(
    fresh: MadeCourse, sent: str, said: str
) -> None:
    """Another is started, or it is woken, and goes on with the next check."""
    body = f"os.kill(os.getppid(), signal.SIG{sent}); time.sleep(99)"
    fresh.add("ex01_killer", USES.format(mark=MARK, body=body))
    fresh.add("ex02_right", RIGHT)
    killer, right = fresh.grade(DEADLINE).exercises
    states = [check.state for check in killer.checks]
    assert states == ["wrong", "right", "waiting"]
    assert said in killer.checks[0].message
    assert right.state == "right"


@pytest.mark.parametrize("options", [(), ("--no-fork",)])
def test_an_answer_may_not_change_its_checks(
    fresh: MadeCourse, options: tuple[str, ...]
) -> None:
    """The next answer is checked by them."""
    checks = fresh.folder / "checks" / "test_ex01_forger.py"
    forge = f"open({str(checks)!r}, 'w').close(); return 'hullo'"
    fresh.add("ex01_forger", USES.format(mark=MARK, body=forge))
    before = checks.read_bytes()
    check = fresh.grade(DEADLINE, *options).exercises[0].checks[0]
    assert "An answer may not change its checks" in check.message
    assert checks.read_bytes() == before


def test_checks_that_were_changed_all_the_same_are_told(
    fresh: MadeCourse,
) -> None:
    """Nothing is put back: it may have been somebody else."""
    checks = fresh.folder / "checks" / "test_ex01_forger.py"
    forge = f"subprocess.run(['tee', {str(checks)!r}], input=b''); return ''"
    fresh.add("ex01_forger", USES.format(mark=MARK, body=forge))
    done = fresh.grade(DEADLINE)
    assert done.exercises[0].checks[0].state == "wrong"
    (note,) = done.notes
    assert "test_ex01_forger.py was changed while an answer ran" in note


def test_without_forks_the_verdicts_are_the_same(
    graded: Graded, fresh: MadeCourse
) -> None:
    """A fresh process for each suite, and another after each that was lost."""
    for name in ("loop", "exit", "thread", "breakpoint", "forged"):
        text = USES.format(mark=MARK, body=IN_A_CHECK[name][0])
        fresh.add(name_of(name), text)
    for name in ("syntax", "import_exit"):
        fresh.add(name_of(name), f"{AT_IMPORT[name][0]}\n{RIGHT}")
    fresh.add(name_of("right"), RIGHT)
    for exercise in fresh.grade(DEADLINE, "--no-fork").exercises:
        forked = graded[exercise.name.partition("_")[2]]
        assert verdicts(exercise) == verdicts(forked)


def verdicts(exercise: Exercise) -> list[tuple[str, ...]]:
    """Leave out times and tracebacks."""
    return [
        (each.name, each.state, each.fault, f"{each.points}", each.message)
        for each in exercise.checks
    ]
