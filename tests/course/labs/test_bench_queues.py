"""What a queue costs: a short run of each measurement."""

import pytest

from course.labs import bench_queues
from course.labs.bench import Ratio
from course.labs.crash.setups import INSTALLED


def test_handing_over_takes_some_time() -> None:
    """A real server, asked for a moment; no worker is needed."""
    times = bench_queues.latencies(INSTALLED[:1], 2, 0.05)
    (measured,) = times.values()
    assert len(measured) == 2
    assert min(measured) > 0


def test_tasks_a_second_are_read_from_their_lines() -> None:
    """A queue that is full, and one worker."""
    assert bench_queues.throughput(INSTALLED[2], 1, 20) > 0  # RQ


@pytest.mark.parametrize("engine", ["Celery", "RQ", "Taskiq"])
def test_our_enqueue_is_compared_with_the_same_by_hand(engine: str) -> None:
    """Both publish to a real broker, in turn."""
    ratio = bench_queues.by_hand(engine, 2, 2)
    assert 0 < ratio.low <= ratio.median <= ratio.high


@pytest.mark.parametrize(
    ("median", "doubt", "said"),
    [(1.05, 0, "✓ met"), (1.06, 0, "✗ missed"), (1.06, 0.1, "too noisy")],
)
def test_the_goal_is_met_up_to_its_value(
    median: float, doubt: float, said: str
) -> None:
    """Unless chance decides."""
    ratio = Ratio(median, median, median, doubt)
    assert said in bench_queues.verdict(ratio)
