import re
import sqlite3
from contextlib import closing

import pytest

from course.labs import bench
from course.labs.bench import Ratio, Result
from course.labs.load import NotServedError, Server, serving
from course.labs.trials import NOTES, TRIALS, Trial

TRIAL = Trial("a stage", "stage", "alike", "alone", 0.95)


def result(stage: list[float], alike: list[float]) -> Result:
    """Return a result with made-up speeds."""
    return Result(TRIAL, {"stage": stage, "alike": alike, "alone": alike})


def test_rounds_are_compared_one_by_one() -> None:
    """A slow round slows both sides, so it does not change the ratio."""
    ratio = Ratio.of([100, 10, 50], [100, 10, 100])
    assert ratio.median == 1
    assert ratio.low == 0.75
    assert ratio.high == 1


def test_one_round_is_its_own_spread() -> None:
    """There is nothing to be said about others."""
    assert str(Ratio.of([90], [100])) == "0.90 (0.90–0.90)"


@pytest.mark.parametrize(
    ("speed", "word"), [(95, "✓ met"), (94.9, "✗ missed")]
)
def test_a_goal_is_met_from_its_value_on(speed: float, word: str) -> None:
    """The median decides."""
    assert result([speed] * 3, [100] * 3).verdict == f"0.95 {word}"


def test_a_median_that_chance_may_have_moved_decides_nothing() -> None:
    """On a busy machine more rounds are needed, not a coin."""
    noisy = result([80, 94, 120, 70], [100] * 4)
    assert noisy.verdict == "0.95 ? too noisy"
    assert result([50], [100]).verdict == "0.95 ? too noisy"


def test_every_stage_but_the_fourth_is_measured_by_a_goal() -> None:
    """Stages 1 to 3 at 0.95, stage 5 at 0.9; why 4 is not, is said."""
    goals = {trial.name: trial.goal for trial in TRIALS if trial.goal}
    assert list(goals.values()) == [0.95, 0.95, 0.95, 0.9]
    assert "Stage 4 is left out" in NOTES


def test_a_short_run_prints_a_ratio(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Two real servers, asked for a moment each."""
    bench.compare(1, 0.02, TRIALS[:1])
    out = capsys.readouterr().out
    assert re.search(r"again +│ +\d\.\d\d \(\d\.\d\d–\d\.\d\d\)", out)


def test_stage_5_and_its_yardsticks_leave_the_same_rows() -> None:
    """What is compared does the same: scheduled, started, completed."""
    sql, orm = TRIALS[-2:]
    kept = []
    with serving([*{*sql.apps, *orm.apps}]) as servers:
        for server in servers.values():
            assert server.measure(sql.path, 0.01, 1) > 0
            file = server.data / "s05_task_tracker.db"
            with closing(sqlite3.connect(file)) as db:
                rows = db.execute(
                    "SELECT task_name, status, error, length(created_at),"
                    " length(completed_at) FROM task_logs"
                )
                kept.append(set(rows))
    assert kept == [{("report", "completed", None, 26, 26)}] * 5


def test_an_answer_that_is_an_error_is_told() -> None:
    """A server that refuses everything would be very fast."""
    with serving(["course.labs.bare:notify_0"]) as servers:
        (server,) = servers.values()
        with pytest.raises(NotServedError, match="422"):
            server.measure("/send-notification/nobody", 0.01, 1)


def test_a_server_that_does_not_start_is_told_and_none_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reason is what it said last; the other one is ended too."""
    left = []
    stop = Server.stop

    def stop_and_look(server: Server) -> None:
        stop(server)
        left.append(server.process.poll())

    monkeypatch.setattr(Server, "stop", stop_and_look)
    with (
        pytest.raises(NotServedError, match="no_such"),
        serving(["course.labs.bare:notify_0", "no_such:app"]),
    ):
        pytest.fail("it was said to be ready")
    assert len(left) == 2
    assert None not in left
