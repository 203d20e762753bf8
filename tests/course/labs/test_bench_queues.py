"""What a queue costs: a short run of each measurement."""

import pytest

from course.labs import bench_queues
from course.labs.bench_queues import Result, Speed, variants

pytestmark = pytest.mark.timeout(600)
NAMES = ["installed", "stage", "by hand", "shortest"]


@pytest.mark.parametrize("engine", ["BackgroundTasks", "Taskiq", "DBOS"])
def test_each_variant_takes_tasks_and_does_them(engine: str) -> None:
    """The stage, the same by hand, and the shortest: alike from outside."""
    for name, variant in variants(engine).items():
        speed = bench_queues.empty(variant, "sqlite", 1, 20)
        assert speed.tasks_each_second > 0, name


def test_handing_over_is_measured_with_its_cpu() -> None:
    """Real servers, asked in turn for a moment; no worker is needed."""
    chosen = [*variants("RQ").values()]
    costs = bench_queues.hand_over(chosen, "sqlite", 2, 0.2)
    assert [*costs] == NAMES
    for cost in costs.values():
        assert len(cost.seconds) == 2
        assert cost.cpu_each > 0


def test_rq_leaves_no_connection() -> None:
    """It forks for each job, and each job has its own connection."""
    speed = bench_queues.empty(variants("RQ")["stage"], "postgresql", 1, 20)
    assert speed.connections < 5  # the worker's own, not one for each task


def test_the_tables_say_whether_the_goals_are_met() -> None:
    """Ratios of medians, beside the goal."""
    costs = {
        name: bench_queues.HandOver([0.002, 0.002], 10, used)
        for name, used in zip(NAMES, (1, 2.4, 2.2, 2), strict=True)
    }
    speeds = {
        name: {1: [Speed(speed, 0.01, -1)] * 2}
        for name, speed in zip(NAMES, (200, 90, 100, 110), strict=True)
    }
    result = Result("RQ", "sqlite", costs, speeds)
    assert result.post_cpu() == pytest.approx(1.2)
    assert result.does(1).median == pytest.approx(0.9)
    posts, tasks = bench_queues.tables([result])
    assert [*posts.columns[6].cells] == ["1.25 ✓ met"]
    assert [*tasks.columns[7].cells] == ["0.95 ✗ missed"]


def test_where_a_tasks_time_goes() -> None:
    """All parts are measured with the stage's own settings."""
    table = bench_queues.shares("Taskiq", "sqlite", 1, 20)
    parts = [float(str(cell)) for cell in table.columns[1].cells]
    assert sum(parts[:-1]) == pytest.approx(parts[-1], abs=0.05)
