from pathlib import Path

import pytest

from course.labs import bench_grader
from course.labs.bench_grader import ALL, BrokenError, measure, room


def test_one_round_measures_the_verdict_beside_a_cold_run(
    tmp_path: Path,
) -> None:
    """Real saves, real verdicts; whether they are fast is for the bench."""
    suites = room(tmp_path, ["1"])
    before = suites[0].answer.read_text("utf-8")
    times = measure(suites, 1)
    assert list(times) == ["ex01_background_task", ALL]
    assert all(len(t.warm) == len(t.cold) == 1 for t in times.values())
    assert all(min(t.warm + t.cold) > 0 for t in times.values())
    assert suites[0].answer.read_text("utf-8") == f"{before}#\n"  # one save


def test_a_solution_that_is_wrong_is_not_measured(tmp_path: Path) -> None:
    """Its time would say nothing."""
    suites = room(tmp_path, ["1"])
    suites[0].answer.write_text("raise ValueError\n", "utf-8")
    with pytest.raises(BrokenError, match="ValueError"):
        measure(suites, 1)


def test_a_round_less_than_one_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The command line says so, and measures nothing."""
    with pytest.raises(SystemExit):
        bench_grader.main(["--rounds", "0"])
    assert "at least one round" in capsys.readouterr().err
