"""Grade all solutions and right answers again and again: none may flicker.

python -m tests.checks.repeat              twenty times
python -m tests.checks.repeat --times=3 ex08 ex12

They come in random order, and twice as many at once as there are cores, so
that each check has others beside it that want the same processor.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from rich.progress import track

from tests.checks.bank import (
    Answer,
    answers,
    failed,
    graded,
    grader,
    own,
    said,
)


def flickers(found: list[Answer], times: int, seed: int) -> Counter[str]:
    """Count, by answer and check, how often a right one was refused."""
    counted: Counter[str] = Counter()
    order = random.Random(seed)
    with grader(times=2) as warm:
        for _ in track(range(times), disable=not sys.stderr.isatty()):
            mixed = order.sample(found, len(found))
            texts = [(each.suite, each.text) for each in mixed]
            with tempfile.TemporaryDirectory() as folder:
                results = graded(warm, texts, Path(folder))
            for answer, result in zip(mixed, results, strict=True):
                for check in failed(result):
                    name = f"{answer.name} {check}\n{said(result, check)}"
                    counted[name] += 1
    return counted


def main() -> int:
    """Repeat, print what failed, fail if anything did."""
    parser = argparse.ArgumentParser(
        "python -m tests.checks.repeat", description=__doc__
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("exercises", nargs="*")
    parser.add_argument("--times", type=int, default=20, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    found = [
        each
        for each in [*own("solutions"), *answers("right")]
        if not given.exercises or each.suite.name[:4] in given.exercises
    ]
    began = time.monotonic()
    counted = flickers(found, given.times, given.seed)
    for name, number in counted.most_common():
        print(f"{number} of {given.times}: {name}\n")
    print(
        f"{len(found)} right answers, {given.times} times each, in"
        f" {time.monotonic() - began:.0f} s: {counted.total()} refused"
    )
    return int(bool(counted))


if __name__ == "__main__":
    sys.exit(main())
